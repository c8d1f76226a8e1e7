// A fleet of two pools, with and without Spot.

import type { DeployedFleet, TrainerFleet } from '../../core/environment.ts';

export const FLEET: TrainerFleet = {
  tags: { 'fovea:stack': 'Fovea' },
  pools: [
    {
      name: 'gpu-16gb',
      jobDefinition: 'definition-16',
      queues: [
        { capacity: 'spot', arn: 'queue-16-spot' },
        { capacity: 'on-demand', arn: 'queue-16-on-demand' },
      ],
      usdPerHour: 0.5,
      machine: { name: 'g4dn.xlarge', gpu: 'T4', vcpus: 4, priceBasis: 'A price for tests.' },
    },
    {
      name: 'gpu-24gb',
      jobDefinition: 'definition-24',
      queues: [{ capacity: 'spot', arn: 'queue-24-spot' }],
      usdPerHour: 1,
      machine: { name: 'g5.xlarge', gpu: 'A10G', vcpus: 4, priceBasis: 'A price for tests.' },
    },
  ],
};

const DEPLOYED: DeployedFleet = {
  batch: 'arn:aws:batch:eu-west-1:123456789012',
  tags: FLEET.tags,
  pools: [
    {
      name: 'gpu-16gb',
      definition: 'definition-16:1',
      queues: { spot: 'queue-16-spot', 'on-demand': 'queue-16-on-demand' },
      usdPerHour: 0.5,
      machine: { name: 'g4dn.xlarge', gpu: 'T4', vcpus: 4 },
    },
    {
      name: 'gpu-24gb',
      definition: 'definition-24:1',
      queues: { spot: 'queue-24-spot' },
      usdPerHour: 1,
      machine: { name: 'g5.xlarge', gpu: 'A10G', vcpus: 4 },
    },
  ],
};

/** Such a fleet as a function is told of it. */
export const FLEET_VARIABLE = JSON.stringify(DEPLOYED);

// A fleet of two pools, with and without Spot.

import type { TrainerFleet } from '../../core/environment.ts';

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

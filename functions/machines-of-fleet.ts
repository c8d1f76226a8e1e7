// The machines of a fleet as estimates know them: what a job that starts there will find.

import type { TrainerFleet } from '../core/environment.ts';
import type { JobMachine, TrainerBackends } from '../core/job/estimate/estimate-job.ts';

const WITHOUT_GPU: TrainerBackends = {
  best: 'native',
  missing: {
    gpu: 'The trainers of this installation have no GPU. Omit "backend", or deploy machines with GPUs.',
  },
};
const WITH_GPU: TrainerBackends = { best: 'gpu', missing: {} };

/** The cheapest machine of each pool, in the order of the pools. The image of a pool is made for its machines. */
export const machinesOf = ({ pools }: TrainerFleet): JobMachine[] =>
  pools.map(({ name, machine, usdPerHour }) => ({
    ...machine,
    pool: name,
    usdPerHour,
    backends: machine.gpu === undefined ? WITHOUT_GPU : WITH_GPU,
  }));

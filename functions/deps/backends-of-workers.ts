// The back ends of the best worker that is there, for estimates: where the jobs of a server run on workers.

import type { JobMachine } from '../../core/job/estimate/estimate-job.ts';
import type { SeenWorker, WorkerRecords } from '../../core/job/queues/workers/worker-records.ts';
import { TRAINER_BACKENDS } from '../../core/job/recipe/trainer-backends.ts';
import { GPUS, gpuOfDriver } from '../../core/pricing/gpus.ts';
import type { BackendFinder, FoundBackends } from './find-backends.ts';

/** The workers, and who is told that they cannot be listed. */
export interface BackendsOfWorkersOptions {
  readonly workers: Pick<WorkerRecords, 'list'>;
  readonly onError: (error: unknown) => void;
}

/** A finder that knows what workers offered when it was last asked. Nothing is missing: a job waits for the worker that it needs. */
export function backendsOfWorkers({ workers, onError }: BackendsOfWorkersOptions): BackendFinder {
  let known: FoundBackends | undefined;

  async function find(): Promise<FoundBackends | undefined> {
    try {
      known = bestOf((await workers.list()).filter(({ isLost }) => !isLost));
    } catch (error) {
      onError(error);
    }
    return known;
  }

  return {
    find,
    known() {
      void find();
      return known;
    },
  };
}

function bestOf(workers: readonly SeenWorker[]): FoundBackends | undefined {
  const rankOf = ({ offer }: SeenWorker) => TRAINER_BACKENDS.indexOf(offer.backend);
  const [best] = workers.toSorted((a, b) => rankOf(a) - rankOf(b));
  if (best === undefined) return undefined;
  const { backend, gpu } = best.offer;
  const model = gpu?.model == null ? undefined : gpuOfDriver(gpu.model, GPUS)?.name;
  return {
    backends: { best: backend, missing: {} },
    gpu: model,
    ...(gpu === null ? {} : { gpuCount: gpu.count }),
  };
}

/** Where jobs run on workers: which worker takes a job is not known before, and it costs what it costs. */
export const workerMachine = (vcpus: number): JobMachine => ({
  name: 'worker',
  vcpus,
  usdPerHour: 0,
  priceBasis: 'Your own machine has no price.',
});

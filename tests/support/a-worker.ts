// A worker as it may say of itself.

import type { WorkerOffer, WorkerRecord } from '../../core/job/queues/workers/worker-record.ts';

/** A machine without GPU, with `changes` in the place of its own. */
export const anOffer = (changes: Partial<WorkerOffer> = {}): WorkerOffer => ({
  backend: 'native',
  lacks: ['gpu'],
  gpu: null,
  deviceBytes: 8 * 2 ** 30,
  memoryBytes: 8 * 2 ** 30,
  vcpus: 4,
  usdPerHour: 0.1,
  ...changes,
});

/** What a machine with a GPU has more. */
export const WITH_GPU: Partial<WorkerOffer> = {
  backend: 'gpu',
  lacks: [],
  gpu: { model: 'NVIDIA A10G', count: 1 },
  deviceBytes: 22 * 2 ** 30,
};

/** An idle worker, with `changes` in the place of its own. */
export const aWorker = (changes: Partial<WorkerRecord> = {}): Omit<WorkerRecord, 'formatVersion'> => ({
  id: 'worker-1',
  name: 'desk',
  version: '0.0.0',
  startedAt: 1_767_322_000,
  offer: anOffer(),
  job: null,
  isStopping: false,
  ...changes,
});

// Ports whose drivers are loaded when they are first used, so that a cold start loads nothing that a request does not need.

import type { JobQueue } from '../core/job/queues/job-queue.ts';
import { isUndecided } from '../core/job/queues/workers/workers-first-queue.ts';
import type { Predictor } from '../core/predict/predictor.ts';
import type { UploadLinks } from '../core/storage/upload-links.ts';

/** A function that calls `load` at its first call, and gives the same promise ever after. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

/** A queue whose driver is loaded with the first job. */
export function lazyQueue(load: () => Promise<JobQueue>): JobQueue {
  const loadOnce = once(load);
  return {
    watch: async () => (await loadOnce()).watch?.(),
    submit: async (job, start) => (await loadOnce()).submit(job, start),
    cancel: async (job) => (await loadOnce()).cancel(job),
    review: async (job) => {
      if (isUndecided(job)) await (await loadOnce()).review?.(job);
    },
  };
}

type RemoteUploadLinks = UploadLinks & Required<Pick<UploadLinks, 'origin'>>;

/** Upload links of S3, whose driver is loaded with the first one. */
export function lazyUploadLinks(load: () => Promise<RemoteUploadLinks>): RemoteUploadLinks {
  const loadOnce = once(load);
  return {
    create: async (grant) => (await loadOnce()).create(grant),
    origin: async () => (await loadOnce()).origin(),
  };
}

/** A predictor whose runtime is loaded with the first picture. */
export function lazyPredictor(load: () => Promise<Predictor>): Predictor {
  let loaded: Promise<Predictor> | undefined;
  return {
    predict: async (request) => {
      loaded ??= load();
      return (await loaded).predict(request);
    },
    // One that is not loaded knows nothing yet. Its failure is told to whoever predicts.
    forget: (model) => void loaded?.then((predictor) => predictor.forget(model)).catch(() => undefined),
    drop: (model, version) =>
      void loaded?.then((predictor) => predictor.drop(model, version)).catch(() => undefined),
    // It lives as long as the process, which a function never ends itself.
    close: () => undefined,
  };
}

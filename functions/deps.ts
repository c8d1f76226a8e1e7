// What the HTTP app is given: ports and settings. Entry points choose the drivers behind them.

import type { JobMachine } from '../core/job/estimate-job.ts';
import type { JobQueue } from '../core/job/job-queue.ts';
import type { JobStore } from '../core/job/job-store.ts';
import type { Predictor } from '../core/predict/predictor.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import type { UploadLinks } from '../core/storage/upload-links.ts';
import type { BodyTerms } from './http/bytes-in-flight.ts';
import type { Limits } from './limits.ts';
import type { Logger } from './logger.ts';

/** Gives the keys that are good now, by their names. */
export type ApiKeys = () => Promise<Readonly<Record<string, string>>>;

export interface AppDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  readonly uploads: UploadLinks;
  readonly queue: JobQueue;
  /** Where jobs start, for estimates. */
  readonly machine: JobMachine;
  readonly predictor: Predictor;
  /** Rejects where the store takes no writes; left out, nobody looks: a bucket is never full. */
  readonly checkWritable?: () => Promise<void>;
  /** A folder of weight files on this machine, for imports. */
  readonly weightsDir?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly limits: Limits;
  /** Who may use the API; left out: everybody who can reach it. */
  readonly apiKeys?: ApiKeys | undefined;
  /** Host names that requests may name; left out, any. A server without keys names those of its own machine. */
  readonly hosts?: readonly string[] | undefined;
  /** Of Fovea, as in package.json. */
  readonly version: string;
  readonly logger: Logger;
}

/** What the middleware leaves for the handlers of a request. */
export interface AppEnv {
  Variables: { requestId: string; bodyTerms: BodyTerms };
}

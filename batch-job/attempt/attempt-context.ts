// What an attempt gives to the work that it carries out, whether that is a job or a trial.

import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { CostMeter } from './cost-meter.ts';
import type { JobReporter } from './job-reporter.ts';

/** What the work of an attempt may use: the store, the reporter, the cost meter, and facts of the machine. */
export interface AttemptContext {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly meter: CostMeter;
  /** A folder of weight files that a person put there, which is searched before anything else. */
  readonly weightsDir: string | undefined;
  /** Memory that the attempt may take, in bytes; default: what its container or the machine has. */
  readonly memoryLimitBytes?: number | undefined;
  /** The folder into which `fovea setup` puts native back ends. */
  readonly cacheDirectory: string;
  /** The container image that this process runs in, where it does. */
  readonly image?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

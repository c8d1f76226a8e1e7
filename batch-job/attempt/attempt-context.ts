// What an attempt gives to the work that it carries out, whatever that is.

import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { CostMeter } from './cost-meter.ts';
import type { JobReporter } from './job-reporter.ts';

/** What the work of an attempt may use: where things are, who is told of progress, and what the machine is. */
export interface AttemptContext {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly meter: CostMeter;
  /** A folder of weight files put there by hand, looked at before anything else. */
  readonly weightsDir: string | undefined;
  /** Memory that the attempt may take, in bytes; default: what its container or the machine has. */
  readonly memoryLimitBytes?: number | undefined;
  /** Where `fovea setup` puts native back ends. */
  readonly cacheDirectory: string;
  /** The container image that this process runs in, where it does. */
  readonly image?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

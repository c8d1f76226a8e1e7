// What a job costs while it runs, over all of its attempts, and whether its budget is spent.

import { monotonicMs } from '../../core/clock.ts';
import type { JobRecord, Spending } from '../../core/job/record/job.ts';

export interface CostMeter {
  /** What the job took up to now. */
  spent(): Spending;
  /** Whether that is all that the job may cost; never so where it has no budget. */
  isBudgetSpent(): boolean;
}

export interface CostMeterOptions {
  /** As it was when this attempt began. */
  readonly job: JobRecord;
  /** Of the machine that this attempt runs on; left out, nothing. */
  readonly usdPerHour?: number;
  /** Monotonic, in milliseconds; left out, the machine's. */
  readonly clock?: () => number;
}

const MS_PER_SECOND = 1000;
const SECONDS_PER_HOUR = 3600;

/** Counts from now on. */
export function createCostMeter({ job, usdPerHour = 0, clock = monotonicMs }: CostMeterOptions): CostMeter {
  const startedMs = clock();
  const spent = (): Spending => {
    const seconds = (clock() - startedMs) / MS_PER_SECOND;
    return {
      seconds: job.spent.seconds + seconds,
      usd: job.spent.usd + (seconds / SECONDS_PER_HOUR) * usdPerHour,
    };
  };
  return {
    spent,
    isBudgetSpent: () => job.maxCostUsd !== null && spent().usd >= job.maxCostUsd,
  };
}

// Measures what a job costs while it runs, over all of its attempts, and knows when its training is to end early.

import { monotonicMs } from '../../core/clock.ts';
import type { JobRecord, Spending } from '../../core/job/record/job.ts';
import { dollars } from '../../core/words/quantities.ts';

/** The time and the money that a job has taken. */
export interface CostMeter {
  /** Machine time and cost of the job up to now, all attempts together. */
  spent(): Spending;
  /** Whether the job has cost as much as it may; never true for a job without a budget. */
  isBudgetSpent(): boolean;
  /** Ends training early: {@link earlyEnd} says so from now on. */
  finish(): void;
  /** Why training is to end now, with what is best so far as the model; undefined where it is to go on. */
  earlyEnd(): EarlyEnd | undefined;
}

/** Why training ends before its time. */
export interface EarlyEnd {
  /** In a sentence. */
  readonly reason: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The job, the price of the machine, and the clock. */
export interface CostMeterOptions {
  /** The job as it was when this attempt began. */
  readonly job: JobRecord;
  /** Price of the machine on which this attempt runs; default: 0. */
  readonly usdPerHour?: number;
  /** Monotonic milliseconds; default: the machine's clock. */
  readonly clock?: () => number;
}

const MS_PER_SECOND = 1000;
const SECONDS_PER_HOUR = 3600;

/** A meter that measures from now on, and adds what earlier attempts took. */
export function createCostMeter({ job, usdPerHour = 0, clock = monotonicMs }: CostMeterOptions): CostMeter {
  const startedMs = clock();
  const spent = (): Spending => {
    const seconds = (clock() - startedMs) / MS_PER_SECOND;
    return {
      seconds: job.spent.seconds + seconds,
      usd: job.spent.usd + (seconds / SECONDS_PER_HOUR) * usdPerHour,
    };
  };
  const isBudgetSpent = () => job.maxCostUsd !== null && spent().usd >= job.maxCostUsd;
  let isFinished = job.finishRequested === true;
  return {
    spent,
    isBudgetSpent,
    finish() {
      isFinished = true;
    },
    earlyEnd() {
      if (isFinished)
        return { reason: 'Training ends here, as was asked.', data: { finish_requested: true } };
      if (!isBudgetSpent()) return undefined;
      const { usd } = spent();
      return {
        reason: `Training ends here: the job has cost ${dollars(usd)} of at most ${job.maxCostUsd}.`,
        data: { spent_usd: usd, max_cost_usd: job.maxCostUsd },
      };
    },
  };
}

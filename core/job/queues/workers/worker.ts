// A worker: takes jobs of a store one after another, on any number of machines at once, and runs a trainer for each. What the trainer
// is, is said by whoever creates the worker.

import { monotonicMs } from '../../../clock.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { attemptsWithoutProgress } from '../../record/furthest.ts';
import type { JobStore } from '../../record/job-store.ts';
import { renewClaim } from '../../record/lease.ts';
import { failCrashed } from '../local/fail-crashed.ts';
import { createTrainerEnds, MAX_ATTEMPTS, type TrainerEnd } from '../local/trainer-ends.ts';
import { createTrainerProcess, type StartTrainer } from '../local/trainer-process.ts';
import { createWorkLoop } from '../local/work-loop.ts';
import { type Claim, createClaims } from './claims.ts';
import { describeOffer } from './describe-offer.ts';
import { leaveToLarger } from './leave-to-larger.ts';
import { createPresence, type WorkerIdentity } from './presence.ts';
import type { WorkerRecords } from './worker-records.ts';

/** Before a worker that failed tries again, and before a job whose trainer left it is taken again: a disk may be full. */
const RETRY_MS = 30_000;
/** How often a claim is renewed until its trainer does so: often enough for watchers that count to {@link LEASE_MS}. */
const RENEW_MS = 5000;

/** What a worker works with. */
export interface WorkerDeps extends WorkerIdentity {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  readonly workers: WorkerRecords;
  readonly startTrainer: StartTrainer;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic, in milliseconds. Default: the machine's. */
  readonly clock?: () => number;
  /** How often it looks for a job while it has none, in milliseconds. */
  readonly pollMs: number;
  /** How long its trainer may take to save a checkpoint when the worker is told to stop, in milliseconds. */
  readonly graceMs: number;
  /** Before a worker that failed, or a trainer that left its job, is followed by the next, in milliseconds. */
  readonly retryMs?: number;
  /** Told of failures; the worker goes on. */
  readonly onError: (error: unknown) => void;
  /** Told what the worker does, in a sentence. */
  readonly onNews: (message: string) => void;
}

/** A worker that is started and stopped with its process. */
export interface Worker {
  start(): Promise<void>;
  /** Lets the running trainer save a checkpoint and gives its job back, so that another worker resumes it at once. */
  stop(): Promise<void>;
}

/** A worker that has not started. */
export function createWorker(deps: WorkerDeps): Worker {
  const { store, jobs, now, clock = monotonicMs, name, version, offer, onError, onNews } = deps;
  const { retryMs = RETRY_MS } = deps;
  const presence = createPresence(deps);
  const trainer = createTrainerProcess(deps.startTrainer);
  const ends = createTrainerEnds({
    now,
    clock,
    restMs: retryMs,
    onOutOfMemory: (end) => leaveToLarger(deps, end),
  });
  const loop = createWorkLoop({ step, pollMs: deps.pollMs, retryMs, onError });
  const claims = createClaims({
    store,
    jobs,
    now,
    clock,
    worker: name,
    offer,
    async mayTry({ jobId, trial, record, jobs: own }) {
      if (loop.isStopped() || ends.isResting(jobId, trial)) return false;
      const ended = Math.max(attemptsWithoutProgress(record), ends.crashesOf(jobId, trial));
      if (ended < MAX_ATTEMPTS) return true;
      await failCrashed({ jobs: own, now }, record, ended);
      return false;
    },
  });

  async function step(): Promise<boolean> {
    await ends.settle();
    const claim = await claims.next();
    if (claim === undefined) return false;
    ends.add(await work(claim));
    await ends.settle();
    return true;
  }

  async function work({ jobId, trial, record, jobs: own, leaseOwner }: Claim): Promise<TrainerEnd> {
    const what = trial === undefined ? `job ${jobId}` : `trial ${trial} of job ${jobId}`;
    const unstarted: TrainerEnd = {
      jobId,
      trial,
      jobs: own,
      leaseOwner,
      from: record.furthest,
      how: 'before it began',
      isReleased: true,
      isOutOfMemory: false,
    };
    const stopRenewing = renewUntilTaken({ jobs: own, now }, { jobId, leaseOwner }, onError);
    presence.setJob({ id: jobId, trial: trial ?? null });
    try {
      await own.appendEvent(jobId, {
        level: 'info',
        type: 'message',
        message: `Worker "${name}" takes ${trial === undefined ? 'the job' : 'the trial'}: ${describeOffer(offer)}.`,
        data: { worker: name, version, attempt: record.attempts },
      });
      // Taking the job took time, in which the worker may have been stopped.
      if (loop.isStopped()) return unstarted;
      onNews(`Takes ${what}.`);
      const end = await trainer.run(record, { jobs: own, leaseOwner, trial });
      onNews(`The trainer of ${what} ended ${end.how}.`);
      return end;
    } catch (error) {
      onError(error);
      return unstarted;
    } finally {
      stopRenewing();
      presence.setJob(null);
    }
  }

  return {
    async start() {
      await presence.start();
      loop.start();
    },
    async stop() {
      const done = loop.stop();
      presence.leave();
      await trainer.end(deps.graceMs);
      await done;
      await ends.settle().catch(onError);
      await presence.stop();
    },
  };
}

/** Keeps a claim alive while its trainer starts, which may take longer than a lease. @returns a function that ends it. */
function renewUntilTaken(
  deps: Parameters<typeof renewClaim>[0],
  { jobId, leaseOwner }: Pick<Claim, 'jobId' | 'leaseOwner'>,
  onError: (error: unknown) => void,
): () => void {
  let renewals = 0;
  const timer = setInterval(() => {
    renewClaim(deps, jobId, leaseOwner, renewals).then((isRenewed) => {
      renewals += 1;
      if (!isRenewed) clearInterval(timer);
    }, onError);
  }, RENEW_MS);
  return () => clearInterval(timer);
}

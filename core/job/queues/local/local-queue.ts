// The local driver of the queue port: one trainer process at a time in this server, oldest job first. Others may serve the
// same jobs: a job's lease says who works on it, and this worker writes into no job that somebody else holds. What the
// trainer is, is said by whoever creates the queue.

import { randomUUID } from 'node:crypto';
import { monotonicMs } from '../../../clock.ts';
import { attemptsWithoutProgress } from '../../record/furthest.ts';
import type { JobRecord } from '../../record/job.ts';
import type { JobQueue } from '../job-queue.ts';
import { failCrashed } from './fail-crashed.ts';
import { createOpenJobsCheck } from './open-jobs-check.ts';
import { createTrainerEnds, MAX_ATTEMPTS } from './trainer-ends.ts';
import { createTrainerProcess, type StartTrainer } from './trainer-process.ts';
import { createWaitingJobs, type WaitingJobsDeps } from './waiting-jobs.ts';
import { createWorkLoop } from './work-loop.ts';

/** How long a trainer that was asked to end may take to leave a resumable job behind. */
const STOP_MS = 10_000;
/** The same for one whose job is cancelled: a step of a large network may keep it from listening for longer. */
const CANCEL_MS = 1500;
/** How often an idle worker looks for jobs that came by another server, or whose holder has died. */
const POLL_MS = 2000;
/** Before a worker that failed tries again, and before a job whose trainer left it is taken again: a disk may be full. */
const RETRY_MS = 30_000;

/** What the queue works with. */
export interface LocalQueueDeps extends WaitingJobsDeps {
  readonly startTrainer: StartTrainer;
  /** Before a worker that failed, or a trainer that left its job, is followed by the next, in milliseconds. */
  readonly retryMs?: number;
  /** Told of failures to look for work or to start a trainer; the queue goes on. */
  readonly onError: (error: unknown) => void;
}

/** A queue whose worker is started and stopped with its server. */
export interface LocalQueue extends JobQueue {
  /** Picks up what an earlier run left unfinished, and starts working. */
  start(): void;
  /** Ends the running trainer in good order; its job is resumed by the next start. */
  stop(): Promise<void>;
}

/** A queue that runs trainers as child processes. */
export function createLocalQueue(deps: LocalQueueDeps): LocalQueue {
  const { jobs, startTrainer, now, onError, clock = monotonicMs, retryMs = RETRY_MS } = deps;
  const waiting = createWaitingJobs(deps);
  const trainer = createTrainerProcess(startTrainer);
  const ends = createTrainerEnds({ now, clock, restMs: retryMs });
  const check = createOpenJobsCheck({ jobs, clock, retryMs, onFound: () => loop.wake(), onError });
  const loop = createWorkLoop({ step, pollMs: POLL_MS, retryMs, onError });

  async function step(): Promise<boolean> {
    await ends.settle();
    const job = await waiting.next(ends.isResting);
    // Finding one takes time, in which the queue may have been stopped.
    if (loop.isStopped()) return false;
    if (job === undefined) await check.checkDeleted();
    else await train(job);
    return job !== undefined;
  }

  async function train(job: JobRecord): Promise<void> {
    const ended = Math.max(attemptsWithoutProgress(job), ends.crashesOf(job.id));
    if (ended >= MAX_ATTEMPTS) return failCrashed(deps, job, ended);
    ends.add(await trainer.run(job, { jobs, leaseOwner: randomUUID() }));
    if (!loop.isStopped()) await ends.settle();
  }

  return {
    async submit() {
      loop.wake();
      return undefined;
    },
    async cancel(job) {
      if (trainer.isOf(job.id)) void trainer.end(CANCEL_MS);
    },
    start() {
      loop.start();
      check.start();
    },
    async stop() {
      void loop.stop();
      await check.stop();
      await trainer.end(STOP_MS);
    },
  };
}

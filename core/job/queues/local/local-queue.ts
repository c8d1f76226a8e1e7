// The local driver of the queue port: one trainer process at a time in this server, oldest job first. Others may serve the
// same jobs: a job's lease says who works on it, and this worker writes into no job that somebody else holds. What the
// trainer is, is said by whoever creates the queue.

import { monotonicMs } from '../../../clock.ts';
import { attemptsWithoutProgress } from '../../record/furthest.ts';
import { isFinal, type JobRecord, toJobError } from '../../record/job.ts';
import type { JobQueue } from '../job-queue.ts';
import { createOpenJobsCheck } from './open-jobs-check.ts';
import { createTrainerEnds, MAX_ATTEMPTS } from './trainer-ends.ts';
import { createTrainerProcess, type StartTrainer } from './trainer-process.ts';
import { createWaitingJobs, type WaitingJobsDeps } from './waiting-jobs.ts';

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
  const ends = createTrainerEnds({ jobs, now, clock, restMs: retryMs });
  const check = createOpenJobsCheck({ jobs, clock, retryMs, onFound: wake, onError });
  let working = false;
  /** Whether somebody has called {@link wake} since the worker last looked for a job. */
  let wanted = false;
  let stopped = true;
  let wakeTimer: NodeJS.Timeout | undefined;

  function wake(): void {
    wanted = true;
    if (!working && !stopped) void work();
  }

  function wakeIn(delayMs: number): void {
    clearTimeout(wakeTimer);
    wakeTimer = setTimeout(wake, delayMs);
    wakeTimer.unref();
  }

  async function work(): Promise<void> {
    working = true;
    try {
      while (!stopped) {
        wanted = false;
        await ends.settle();
        const job = await waiting.next(ends.isResting);
        // Finding one takes time, in which the queue may have been stopped.
        if (stopped) return;
        if (job !== undefined) await train(job);
        else if (!wanted) {
          await check.checkDeleted();
          return wakeIn(POLL_MS);
        }
      }
    } catch (error) {
      onError(error);
      wakeIn(retryMs);
    } finally {
      working = false;
    }
  }

  async function train(job: JobRecord): Promise<void> {
    const ended = Math.max(attemptsWithoutProgress(job), ends.crashesOf(job.id));
    if (ended >= MAX_ATTEMPTS) return failCrashed(deps, job, ended);
    ends.add(await trainer.run(job));
    if (!stopped) await ends.settle();
  }

  return {
    async submit() {
      wake();
    },
    async cancel(job) {
      if (trainer.isOf(job.id)) void trainer.end(CANCEL_MS);
    },
    start() {
      stopped = false;
      wake();
      check.start();
    },
    async stop() {
      stopped = true;
      clearTimeout(wakeTimer);
      await check.stop();
      await trainer.end(STOP_MS);
    },
  };
}

/** Ends a job whose trainers have crashed too often, unless somebody else holds it by now. */
async function failCrashed(
  { jobs, now }: Pick<LocalQueueDeps, 'jobs' | 'now'>,
  { id: jobId, queuedReason }: JobRecord,
  crashes: number,
): Promise<void> {
  const message =
    `The job was given up: its trainer ended ${crashes} times without bringing it any further. ` +
    (queuedReason ?? "The server's output says more.");
  let isFailed = false;
  await jobs.update(jobId, (record) => {
    isFailed = !isFinal(record.status) && record.lease === null;
    return isFailed
      ? {
          ...record,
          status: 'failed',
          finishedAt: Math.floor(now() / 1000),
          error: toJobError('trainer-crashed', message),
        }
      : undefined;
  });
  if (isFailed) await jobs.appendEvent(jobId, { level: 'error', type: 'message', message, data: null });
}

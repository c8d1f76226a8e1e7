// The local driver of the queue port: one trainer process at a time in this server, oldest job first. Others may serve the
// same jobs: a job's lease says who works on it, and this worker writes into no job that somebody else holds. What the
// trainer is, is said by whoever creates the queue.

import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { monotonicMs } from '../../../clock.ts';
import { exitCodes } from '../../../environment.ts';
import { fruitlessAttempts, isFurther } from '../../record/furthest.ts';
import { isFinal, type JobRecord, toJobError } from '../../record/job.ts';
import type { JobQueue } from '../job-queue.ts';
import { createWaitingJobs, type WaitingJobsDeps, withoutHolder } from './waiting-jobs.ts';

/** A job whose trainer ended this often without coming any further is given up: the fault is likely to come again. */
const MAX_ATTEMPTS = 3;
/** How long a trainer that was asked to end may take to leave a resumable job behind. */
const STOP_MS = 10_000;
/** The same for one whose job is cancelled: a step of a large network may keep it from listening for longer. */
const CANCEL_MS = 1500;
/** How often an idle worker looks for jobs that came by another server, or whose holder has died. */
const POLL_MS = 2000;
/** How often jobs are looked for that another server made without a key, as an earlier version does. */
const CHECK_MS = 60 * 60 * 1000;
/** Before a worker that failed tries again, and before a job whose trainer left it is taken again: a disk may be full. */
const RETRY_MS = 30_000;

export interface LocalQueueDeps extends WaitingJobsDeps {
  /** Starts the trainer of one job, which takes the job's lease under the name `leaseOwner`. */
  readonly startTrainer: (jobId: string, leaseOwner: string) => ChildProcess;
  /** Before a worker that failed, or a trainer that left its job, is followed by the next, in milliseconds. */
  readonly retryMs?: number;
  /** Told of failures to look for work or to start a trainer; the queue goes on. */
  readonly onError: (error: unknown) => void;
}

/** A trainer that has ended, until its job's record says so. */
interface TrainerEnd {
  readonly jobId: string;
  readonly leaseOwner: string;
  /** How far the job had come when it began. */
  readonly from: JobRecord['furthest'];
  /** E.g. `by signal SIGKILL`. */
  readonly how: string;
  /** Nothing is wrong with the job: its trainer was told to go, or its storage failed. */
  readonly isReleased: boolean;
}

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
  /**
   * Trainers that ended without finishing their job, also those that never got as far as taking it, since the last one that
   * brought it further, or took a remedy against a want of memory: the job has not been tried in that way before.
   */
  const crashes = new Map<string, { readonly count: number; readonly remedies: number }>();
  /** Not told yet: where the storage takes nothing, they wait, and so does every job. */
  const ends: TrainerEnd[] = [];
  /** Until when jobs are left alone that their trainers left, by `clock`. */
  const restingUntil = new Map<string, number>();
  const isResting = (jobId: string) => clock() < (restingUntil.get(jobId) ?? 0);
  let running: { readonly jobId: string; readonly child: ChildProcess } | undefined;
  let working = false;
  let wanted = false;
  let stopped = true;
  let retryTimer: NodeJS.Timeout | undefined;
  let checkTimer: NodeJS.Timeout | undefined;
  let checking = new AbortController();
  let checked: Promise<void> | undefined;
  /** By `clock`; a check that failed is not repeated at every look for work. */
  let checkAgainMs = 0;

  function wakeIn(delayMs: number): void {
    clearTimeout(retryTimer);
    retryTimer = setTimeout(wake, delayMs);
    retryTimer.unref();
  }

  async function runTrainer(job: JobRecord): Promise<void> {
    const ended = Math.max(fruitlessAttempts(job), crashes.get(job.id)?.count ?? 0);
    if (ended >= MAX_ATTEMPTS)
      return giveUp(job, `its trainer ended ${ended} times without bringing it any further.`);
    const leaseOwner = randomUUID();
    const child = startTrainer(job.id, leaseOwner);
    running = { jobId: job.id, child };
    try {
      await Promise.race([
        once(child, 'exit'),
        once(child, 'error').then(([error]) => Promise.reject(error)),
      ]);
    } finally {
      running = undefined;
    }
    const { signalCode, exitCode } = child;
    ends.push({
      jobId: job.id,
      leaseOwner,
      from: job.furthest,
      how: signalCode === null ? `with exit code ${exitCode}` : `by signal ${signalCode}`,
      isReleased: exitCode === exitCodes.released,
    });
    if (!stopped) await settleEnds();
  }

  async function settleEnds(): Promise<void> {
    for (let end = ends[0]; end !== undefined; end = ends[0]) await settle(end);
  }

  async function settle({ jobId, leaseOwner, from, how, isReleased }: TrainerEnd): Promise<void> {
    // The process is gone for certain, so its lease need not die first.
    const left = await jobs.update(
      jobId,
      (record) => {
        const isOthers = record.lease !== null && record.lease.owner !== leaseOwner;
        if (isFinal(record.status) || isOthers) return undefined;
        // A trainer that could not even write its end, as the storage took nothing, has not spent an attempt.
        const isUncounted = isReleased && record.lease !== null;
        return withoutHolder(isUncounted ? { ...record, attempts: record.attempts - 1 } : record, now());
      },
      ({ owner }) => owner === leaseOwner,
    );
    ends.shift();
    if (isFinal(left.status)) {
      crashes.delete(jobId);
      restingUntil.delete(jobId);
    }
    if (isFinal(left.status) || left.lease !== null) return;
    if (isReleased) {
      restingUntil.set(jobId, clock() + retryMs);
      return;
    }
    const before = crashes.get(jobId);
    const remedies = left.memory.taken.length;
    const hasComeFurther = isFurther(left.furthest?.position, from?.position);
    const isFirst = before === undefined || remedies > before.remedies;
    const crash = hasComeFurther ? 0 : isFirst ? 1 : before.count + 1;
    crashes.set(jobId, { count: crash, remedies });
    await jobs.appendEvent(jobId, {
      level: 'warn',
      type: 'message',
      message: hasComeFurther
        ? `The trainer ended ${how} without finishing the job, which it has brought further.`
        : `The trainer ended ${how} without bringing the job any further, ${crash} of at most ${MAX_ATTEMPTS} times.`,
      data: { attempt: left.attempts },
    });
  }

  async function giveUp({ id: jobId, queuedReason }: JobRecord, why: string): Promise<void> {
    const message = `The job was given up: ${why} ${queuedReason ?? "The server's output says more."}`;
    let isGivenUp = false;
    await jobs.update(jobId, (record) => {
      isGivenUp = !isFinal(record.status) && record.lease === null;
      return isGivenUp
        ? {
            ...record,
            status: 'failed',
            finishedAt: Math.floor(now() / 1000),
            error: toJobError('trainer-crashed', message),
          }
        : undefined;
    });
    if (isGivenUp) await jobs.appendEvent(jobId, { level: 'error', type: 'message', message, data: null });
  }

  async function work(): Promise<void> {
    working = true;
    try {
      while (!stopped) {
        wanted = false;
        await settleEnds();
        const job = await waiting.next(isResting);
        // Finding one takes time, in which the queue may have been stopped.
        if (stopped) return;
        if (job !== undefined) await runTrainer(job);
        else if (!wanted) {
          // Somebody has deleted the keys of open jobs: what waits is to be found at once.
          if (checked === undefined && clock() >= checkAgainMs && !(await jobs.isOpenChecked())) check();
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

  /** One at a time, beside the work. */
  function check(looksBehind = false): void {
    const { signal } = checking;
    if (signal.aborted) return;
    checked ??= jobs
      .checkOpen({ signal, looksBehind })
      .then(
        (found) => {
          if (found > 0) wake();
        },
        (error: unknown) => {
          checkAgainMs = clock() + retryMs;
          if (!signal.aborted) onError(error);
        },
      )
      .finally(() => {
        checked = undefined;
      });
  }

  function wake(): void {
    wanted = true;
    if (!working && !stopped) void work();
  }

  return {
    async submit() {
      wake();
    },
    async cancel(job) {
      if (running?.jobId !== job.id) return;
      const { child } = running;
      child.kill('SIGTERM');
      const killTimer = setTimeout(() => child.kill('SIGKILL'), CANCEL_MS);
      child.once('exit', () => clearTimeout(killTimer));
    },
    start() {
      stopped = false;
      wake();
      checking = new AbortController();
      check(true);
      checkTimer = setInterval(check, CHECK_MS).unref();
    },
    async stop() {
      stopped = true;
      clearTimeout(retryTimer);
      clearInterval(checkTimer);
      checking.abort();
      await checked;
      const child = running?.child;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const killTimer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await once(child, 'exit');
      clearTimeout(killTimer);
    },
  };
}

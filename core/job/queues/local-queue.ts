// The local driver of the queue port: one trainer process at a time on this machine, oldest job first. What the trainer
// is, is said by whoever creates the queue.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { isFinal, type JobRecord, toJobError } from '../job.ts';
import type { JobQueue } from '../job-queue.ts';
import type { JobStore } from '../job-store.ts';
import { LEASE_MS } from '../lease.ts';

/** A job whose trainer ended this often without finishing it is given up: the fault is likely to come again. */
const MAX_ATTEMPTS = 3;
/** How long a trainer that was asked to end may take to leave a resumable job behind. */
const STOP_MS = 10_000;
/** The same for one whose job is cancelled: a step of a large network may keep it from listening for longer. */
const CANCEL_MS = 1500;
/** Jobs read for each page when looking for work. */
const PAGE_SIZE = 100;

export interface LocalQueueDeps {
  readonly jobs: JobStore;
  /** Starts the trainer of one job. */
  readonly startTrainer: (jobId: string) => ChildProcess;
  readonly now: () => number;
  /** Told of failures to look for work or to start a trainer; the queue goes on. */
  readonly onError: (error: unknown) => void;
}

export interface LocalQueue extends JobQueue {
  /** Picks up what an earlier run left unfinished, and starts working. */
  start(): void;
  /** Ends the running trainer in good order; its job is resumed by the next start. */
  stop(): Promise<void>;
}

/** A queue that runs trainers as child processes. */
export function createLocalQueue({ jobs, startTrainer, now, onError }: LocalQueueDeps): LocalQueue {
  /**
   * Trainers that ended without finishing their job, also those that never got as far as taking it, since the last one
   * that took a remedy against a want of memory: the job has not been tried in that way before.
   */
  const crashes = new Map<string, { readonly count: number; readonly remedies: number }>();
  let running: { readonly jobId: string; readonly child: ChildProcess } | undefined;
  let working = false;
  let wanted = false;
  let stopped = true;
  let retryTimer: NodeJS.Timeout | undefined;

  const isWaiting = (job: JobRecord) =>
    !isFinal(job.status) && (job.lease === null || job.lease.expiresAtMs <= now());

  /** The oldest waiting job; where only leases of dead attempts stand in the way, comes back when they run out. */
  async function nextJob(): Promise<JobRecord | undefined> {
    let oldest: JobRecord | undefined;
    let after: string | undefined;
    for (;;) {
      const page = await jobs.list({ after, limit: PAGE_SIZE });
      for (const job of page.jobs) {
        if (isWaiting(job)) oldest = job;
        else if (!isFinal(job.status)) wakeIn(LEASE_MS);
      }
      after = page.last;
      if (!page.hasMore || after === undefined) return oldest;
    }
  }

  function wakeIn(delayMs: number): void {
    clearTimeout(retryTimer);
    retryTimer = setTimeout(wake, delayMs);
    retryTimer.unref();
  }

  async function runTrainer(job: JobRecord): Promise<void> {
    const ended = Math.max(job.attempts, crashes.get(job.id)?.count ?? 0);
    if (ended >= MAX_ATTEMPTS) return giveUp(job, `its trainer ended ${ended} times without finishing it.`);
    const child = startTrainer(job.id);
    running = { jobId: job.id, child };
    try {
      await Promise.race([
        once(child, 'exit'),
        once(child, 'error').then(([error]) => Promise.reject(error)),
      ]);
    } finally {
      running = undefined;
    }
    if (stopped) return;
    const left = await jobs.get(job.id);
    if (left === undefined || isFinal(left.status)) {
      crashes.delete(job.id);
      return;
    }
    const before = crashes.get(job.id);
    const remedies = left.memory.taken.length;
    const crash = before === undefined || remedies > before.remedies ? 1 : before.count + 1;
    crashes.set(job.id, { count: crash, remedies });
    const how =
      child.signalCode === null ? `with exit code ${child.exitCode}` : `by signal ${child.signalCode}`;
    // The process is gone for certain, so its lease need not run out first.
    await jobs.update(job.id, (record) =>
      isFinal(record.status)
        ? undefined
        : record.cancelRequested
          ? { ...record, status: 'cancelled', finishedAt: Math.floor(now() / 1000), lease: null }
          : { ...record, status: 'queued', lease: null },
    );
    if (left.cancelRequested) return;
    await jobs.appendEvent(job.id, {
      level: 'warn',
      type: 'message',
      message: `The trainer ended ${how} without finishing the job, ${crash} of at most ${MAX_ATTEMPTS} times.`,
      data: { attempt: left.attempts },
    });
  }

  async function giveUp({ id: jobId, queuedReason }: JobRecord, why: string): Promise<void> {
    const message = `The job was given up: ${why} ${queuedReason ?? "The server's output says more."}`;
    await jobs.update(jobId, (record) =>
      isFinal(record.status)
        ? undefined
        : {
            ...record,
            status: 'failed',
            finishedAt: Math.floor(now() / 1000),
            lease: null,
            error: toJobError('trainer-crashed', message),
          },
    );
    await jobs.appendEvent(jobId, { level: 'error', type: 'message', message, data: null });
  }

  async function work(): Promise<void> {
    working = true;
    try {
      while (!stopped) {
        wanted = false;
        const job = await nextJob();
        // Finding one takes time, in which the queue may have been stopped.
        if (stopped) return;
        if (job !== undefined) await runTrainer(job);
        else if (!wanted) return;
      }
    } catch (error) {
      onError(error);
      wakeIn(LEASE_MS);
    } finally {
      working = false;
    }
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
    },
    async stop() {
      stopped = true;
      clearTimeout(retryTimer);
      const child = running?.child;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const killTimer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await once(child, 'exit');
      clearTimeout(killTimer);
    },
  };
}

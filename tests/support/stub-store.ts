// A store whose jobs stub trainers carry out, and what their notes tell: how often each was begun and finished, and when.

import { setTimeout as delay } from 'node:timers/promises';
import { submitJob } from '../../core/job/queues/job-queue.ts';
import { createWorkerRecords, type WorkerRecords } from '../../core/job/queues/workers/worker-records.ts';
import { createWorkersQueue } from '../../core/job/queues/workers/workers-queue.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { createJobStore, type JobStore, type NewJob } from '../../core/job/record/job-store.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import type { S3ClientOptions } from '../../core/storage/drivers/s3/s3-target.ts';
import { newJob } from './new-job.ts';

export interface StubStore {
  readonly jobs: JobStore;
  readonly workers: WorkerRecords;
  submit(count: number, changes?: Partial<NewJob>): Promise<string[]>;
  /** Waits until a job is as asked. */
  until(id: string, isThere: (job: JobRecord) => boolean): Promise<JobRecord>;
  untilOver(ids: readonly string[], pollMs: number): Promise<void>;
  /** Number of jobs that are not over. */
  left(ids: readonly string[]): Promise<number>;
  /** How often each part of each job was begun, e.g. `<id> job` or `<id> 2` for its second trial. */
  begun(): Promise<Readonly<Record<string, number>>>;
  /** What is wrong with jobs that are over. @param isOnce whether none was ever interrupted. */
  problems(ids: readonly string[], options: { readonly isOnce: boolean }): Promise<string[]>;
}

export async function openStubStore(storeUrl: string, s3: S3ClientOptions | undefined): Promise<StubStore> {
  const store = await openObjectStore(storeUrl, s3 === undefined ? {} : { s3 });
  const jobs = createJobStore({ store, now: Date.now });
  const workers = createWorkerRecords({ store, now: Date.now });
  const queue = createWorkersQueue({ workers });
  const recordOf = async (id: string) => (await jobs.get(id)) ?? Promise.reject(new Error(`${id} is gone.`));

  /** The notes of a kind: by part of a job and attempt, when it was made. */
  async function notes(kind: 'begun' | 'finished' | 'ended') {
    const found: { readonly part: string; readonly attempt: string; readonly atMs: number }[] = [];
    for await (const { key } of store.list(`cache/${kind}/`)) {
      const [, , id = '', part = '', attempt = ''] = key.split('/');
      const body = (await store.get(key))?.body;
      found.push({ part: `${id} ${part}`, attempt, atMs: Number(new TextDecoder().decode(body)) });
    }
    return found;
  }

  return {
    jobs,
    workers,
    async submit(count, changes = {}) {
      const ids: string[] = [];
      for (let index = 0; index < count; index++)
        ids.push((await submitJob({ jobs, queue }, newJob(changes))).id);
      return ids;
    },
    async until(id, isThere) {
      for (;;) {
        const job = await jobs.get(id);
        if (job !== undefined && isThere(job)) return job;
        await delay(20);
      }
    },
    async untilOver(ids, pollMs) {
      for (const id of ids) while ((await recordOf(id)).finishedAt === null) await delay(pollMs);
    },
    async left(ids) {
      const records = await Promise.all(ids.map(recordOf));
      return records.filter(({ finishedAt }) => finishedAt === null).length;
    },
    async begun() {
      const counts: Record<string, number> = {};
      for (const { part } of await notes('begun')) counts[part] = (counts[part] ?? 0) + 1;
      return counts;
    },
    async problems(ids, { isOnce }) {
      const [begun, finished, ended] = [await notes('begun'), await notes('finished'), await notes('ended')];
      const endOf = new Map(ended.map(({ attempt, atMs }) => [attempt, atMs]));
      const problems: string[] = [];
      for (const id of ids) {
        const { status, error } = await recordOf(id);
        const attempts = begun.filter(({ part }) => part === `${id} job`).sort((a, b) => a.atMs - b.atMs);
        const done = finished.filter(({ part }) => part === `${id} job`).length;
        const { events } = await jobs.events(id, { limit: 100 });
        const successes = events.filter(({ message }) => message === 'Done.').length;
        if (status !== 'succeeded') problems.push(`${id} is ${status}: ${error?.message}.`);
        if (successes !== 1) problems.push(`${id} succeeded ${successes} times.`);
        if (isOnce && (attempts.length !== 1 || done !== 1))
          problems.push(`${id} was begun ${attempts.length} and finished ${done} times.`);
        for (const [index, { attempt }] of attempts.entries()) {
          const next = attempts[index + 1];
          if (next !== undefined && (endOf.get(attempt) ?? 0) > next.atMs)
            problems.push(`${id} was begun again before its trainer had ended.`);
        }
      }
      return problems;
    },
  };
}

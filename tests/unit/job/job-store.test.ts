import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { newJob } from '../../support/new-job.ts';

const JOB = newJob();

function setUp() {
  const clock = { nowMs: 1_700_000_000_000 };
  const jobs = createJobStore({ store: createMemoryStore(), now: () => clock.nowMs });
  return { clock, jobs };
}

describe('createJobStore', () => {
  it('keeps a new job as it was asked for', async () => {
    const { jobs } = setUp();
    const created = await jobs.create(JOB);
    expect(created).toMatchObject({
      ...JOB,
      status: 'validating_files',
      createdAt: 1_700_000_000,
      attempts: 0,
    });
    expect(await jobs.get(created.id)).toEqual(created);
    expect(await jobs.get('ftjob-unknown')).toBeUndefined();
  });

  it('lists the other jobs where a record is damaged, and tells of it', async () => {
    const store = createMemoryStore();
    const unreadable: string[] = [];
    const jobs = createJobStore({ store, now: () => 1, onUnreadable: (id) => unreadable.push(id) });
    const ids = [(await jobs.create(JOB)).id, (await jobs.create(JOB)).id].sort();
    await store.put(keys.job(ids[1] as string), '');
    const page = await jobs.list({ limit: 10 });
    expect(page.jobs.map(({ id }) => id)).toEqual([ids[0]]);
    expect([page.last, unreadable]).toEqual([ids[1], [ids[1]]]);
    await expect(jobs.get(ids[1] as string)).rejects.toMatchObject({ code: 'record-invalid' });
  });

  it('lists the other events where one is damaged, with one in its place that names it', async () => {
    const store = createMemoryStore({ now: () => new Date(7000) });
    const jobs = createJobStore({ store, now: () => 1000 });
    const { id } = await jobs.create(JOB);
    for (const message of ['one', 'two', 'three'])
      await jobs.appendEvent(id, { level: 'info', type: 'message', message, data: null });
    const key = keys.jobEvent(id, 1);
    await store.put(key, '{"id": 1');
    const { events } = await jobs.events(id, { limit: 10 });
    expect(events.map(({ message }) => message)).toEqual([
      'three',
      expect.stringContaining(`"${key}"`),
      'one',
    ]);
    expect(events[1]).toMatchObject({
      id: `ftevent-${id.slice(6)}-1`,
      createdAt: 7,
      level: 'warn',
      data: { error_code: 'record-invalid', key },
    });
    expect((await jobs.events(id, { after: events[1]?.id, limit: 1 })).events).toEqual([events[2]]);
  });

  it('lists jobs newest first, page by page', async () => {
    const { jobs, clock } = setUp();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      clock.nowMs += 1;
      ids.unshift((await jobs.create(JOB)).id);
    }
    const first = await jobs.list({ limit: 2 });
    expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.hasMore).toBe(true);
    const rest = await jobs.list({ limit: 10, after: ids[1] });
    expect(rest.jobs.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(rest.hasMore).toBe(false);
  });

  it('gives the job to both of two requests of which the later one was quicker', async () => {
    const store = createMemoryStore();
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isFirst = true;
    // The first request has claimed the key, and waits before it writes its record.
    const jobs = createJobStore({
      store: {
        ...store,
        async put(key, body, options) {
          if (key.startsWith(keys.openJobs()) && isFirst) {
            isFirst = false;
            await slow;
          }
          return store.put(key, body, options);
        },
      },
      now: () => 1,
    });
    const first = jobs.create(JOB, { idempotencyKey: 'k' });
    await new Promise<void>((resolve) => setImmediate(resolve));
    const second = await jobs.create(JOB, { idempotencyKey: 'k' });
    release();
    expect(await first).toEqual(second);
  });

  it('knows the request of a version that had fewer settings', async () => {
    const store = createMemoryStore();
    const jobs = createJobStore({ store, now: () => 1 });
    const { splitSnapshot: _, ...ofThen } = JOB;
    const made = await jobs.create(JOB);
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    await store.put(
      keys.idempotency(hash('k')),
      JSON.stringify({ jobId: made.id, requestHash: hash(JSON.stringify(ofThen)) }),
    );
    expect(JOB.splitSnapshot).toBeNull();
    expect((await jobs.create(JOB, { idempotencyKey: 'k' })).id).toBe(made.id);
    await expect(jobs.create({ ...JOB, splitSnapshot: 2 }, { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'idempotency-conflict',
    });
  });

  it('holds to the keys of an earlier version, for the client alone that made the job', async () => {
    const store = createMemoryStore();
    const jobs = createJobStore({ store, now: () => 1 });
    const ofAnn = { ...JOB, createdBy: 'ann' };
    const made = await jobs.create(ofAnn);
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const requestHash = hash(JSON.stringify({ ...JOB, splitSnapshot: undefined, createdBy: undefined }));
    await store.put(keys.idempotency(hash('k')), JSON.stringify({ jobId: made.id, requestHash }));
    const ofBob = await jobs.create({ ...JOB, createdBy: 'bob' }, { idempotencyKey: 'k' });
    expect(ofBob.id).not.toBe(made.id);
    expect((await jobs.create(ofAnn, { idempotencyKey: 'k' })).id).toBe(made.id);
    await jobs.update(made.id, (job) => ({ ...job, status: 'failed' }));
    await jobs.erase(made.id);
    const again = jobs.create(ofAnn, { idempotencyKey: 'k' });
    await expect(again).rejects.toMatchObject({ code: 'idempotency-gone' });
  });

  it('makes one job of two requests with one idempotency key', async () => {
    const { jobs } = setUp();
    const first = await jobs.create(JOB, { idempotencyKey: 'k' });
    const [second, third] = await Promise.all([
      jobs.create(JOB, { idempotencyKey: 'k' }),
      jobs.create(JOB, { idempotencyKey: 'k' }),
    ]);
    expect([second.id, third.id]).toEqual([first.id, first.id]);
    expect((await jobs.list({ limit: 10 })).jobs).toHaveLength(1);
    await expect(jobs.create({ ...JOB, seed: 2 }, { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'idempotency-conflict',
    });
  });

  it('rejects a change of status that the state machine forbids', async () => {
    const { jobs } = setUp();
    const { id } = await jobs.create(JOB);
    await jobs.update(id, (job) => ({ ...job, status: 'failed' }));
    await expect(jobs.update(id, (job) => ({ ...job, status: 'running' }))).rejects.toMatchObject({
      code: 'job-transition',
    });
    await expect(jobs.update('ftjob-unknown', (job) => job)).rejects.toMatchObject({ code: 'job-not-found' });
  });

  it('cancels a waiting job at once and asks the trainer of a running one', async () => {
    const { jobs } = setUp();
    const waiting = await jobs.create(JOB);
    expect(await jobs.requestCancel(waiting.id)).toMatchObject({
      status: 'cancelled',
      finishedAt: 1_700_000_000,
    });
    await expect(jobs.requestCancel(waiting.id)).rejects.toMatchObject({ code: 'job-finished' });

    const running = await jobs.create(JOB);
    await jobs.update(running.id, (job) => ({ ...job, status: 'running' }));
    expect(await jobs.requestCancel(running.id)).toMatchObject({ status: 'running', cancelRequested: true });
  });

  it('numbers events of concurrent writers without losing one, and pages them newest first', async () => {
    const { jobs } = setUp();
    const { id } = await jobs.create(JOB);
    const messages = Array.from({ length: 20 }, (_, i) => `event ${i}`);
    await Promise.all(
      messages.map((message) =>
        jobs.appendEvent(id, { level: 'info', type: 'message', message, data: null }),
      ),
    );
    const first = await jobs.events(id, { limit: 15 });
    const rest = await jobs.events(id, { limit: 15, after: first.events.at(-1)?.id });
    expect([first.hasMore, rest.hasMore]).toEqual([true, false]);
    const all = [...first.events, ...rest.events];
    expect(all.map(({ message }) => message).sort()).toEqual([...messages].sort());
    expect(all.map(({ id: eventId }) => Number(eventId.split('-').at(-1)))).toEqual(
      Array.from({ length: 20 }, (_, i) => 19 - i),
    );
  });
});

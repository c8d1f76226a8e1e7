// Webhooks through the HTTP API and a deliverer, to real receivers on this machine, with a clock that the test turns on.

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { toJobError } from '../../../core/job/record/job.ts';
import { createBatchId } from '../../../core/job/record/job-id.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { createDeliverer } from '../../../core/webhook/deliverer.ts';
import {
  createEventPoster,
  type EventPosterOptions,
  type PostEvent,
} from '../../../core/webhook/post-event.ts';
import { FAILING_SECONDS, RETRY_PAUSES_MS } from '../../../core/webhook/retry-times.ts';
import { WEBHOOK_EVENT_TYPES } from '../../../core/webhook/webhook-event.ts';
import { aBatch } from '../../support/a-batch.ts';
import { newJob } from '../../support/new-job.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';
import { type Received, startReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';

const MINUTE_MS = 60_000;
const receivers: WebhookReceiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
});
async function aReceiver(): Promise<WebhookReceiver> {
  const receiver = await startReceiver();
  receivers.push(receiver);
  return receiver;
}

/** An app whose operator allows any receiver, and a deliverer over its store. */
function hooked({
  store = createMemoryStore(),
  ...options
}: { store?: ObjectStore; post?: PostEvent } & Partial<EventPosterOptions> = {}) {
  const test = createTestApp({ store, webhookReceivers: 'any' });
  // Receivers refuse what is too old by their own clock.
  test.clock.nowMs = Date.now();
  const now = () => test.clock.nowMs;
  const problems: unknown[] = [];
  const aDeliverer = (post = options.post) =>
    createDeliverer({
      store,
      now,
      random: () => 0,
      post: post ?? createEventPoster({ receivers: 'any', now, ...options }),
      onError: (error) => problems.push(error),
    });
  const deliverer = aDeliverer();
  /** Does all that can be done now. */
  async function deliver(): Promise<void> {
    while ((await deliverer.step()).started > 0) await deliverer.settled();
  }
  const api = async (method: string, path: string, body?: unknown): Promise<AnyJson> => {
    const { status, body: answer } = await test.send(method, `/v1/webhooks${path}`, body);
    if (status >= 400) throw new Error(`${status} ${answer.error.code}`);
    return answer;
  };
  return {
    ...test,
    problems,
    aDeliverer,
    deliverer,
    deliver,
    api,
    make: (url: string, events: readonly string[] = WEBHOOK_EVENT_TYPES) => api('POST', '', { url, events }),
    deliveries: async (id: string): Promise<AnyJson[]> => (await api('GET', `/${id}/deliveries`)).data,
    /** A job that ends as its trainer says. */
    async endJob(status: 'succeeded' | 'failed' | 'cancelled' = 'succeeded') {
      const { id } = await test.jobs.create(newJob());
      await test.jobs.update(id, (job) => ({ ...job, status: 'running' }));
      return test.jobs.update(id, (job) => ({ ...job, status, finishedAt: Math.floor(now() / 1000) }));
    },
  };
}

const verified = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers) as AnyJson;

describe('the end of a job', () => {
  it('is told as an event that Standard Webhooks and OpenAI’s client verify', async () => {
    const { make, endJob, deliver, deliveries } = hooked();
    const receiver = await aReceiver();
    const { id, secret } = await make(receiver.url);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const job = await endJob();
    await deliver();
    expect(receiver.received).toHaveLength(1);
    const [told] = receiver.received as [Received];
    const event = {
      id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
      object: 'event',
      type: 'fine_tuning.job.succeeded',
      created_at: job.finishedAt,
      data: { id: job.id },
    };
    expect(verified(secret, told)).toEqual(event);
    const client = new OpenAI({ apiKey: 'none', webhookSecret: secret });
    expect(await client.webhooks.unwrap(told.body, told.headers)).toEqual(event);
    expect(told.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'fovea' });
    const [delivery] = await deliveries(id);
    expect(delivery).toMatchObject({
      object: 'webhook.delivery',
      event: JSON.parse(told.body),
      status: 'delivered',
      next_attempt_at: null,
      attempts: [{ status: 204, problem: null, response: null }],
    });
    expect(told.headers['webhook-id']).toBe(delivery.event.id);
  });

  it('does not verify once a byte has changed, or with another secret', async () => {
    const { make, endJob, deliver } = hooked();
    const receiver = await aReceiver();
    const { secret } = await make(receiver.url);
    const other = await make(receiver.url, ['batch.failed']);
    await endJob();
    await deliver();
    const [told] = receiver.received as [Received];
    const tampered = { ...told, body: told.body.replace('succeeded', 'failed') };
    expect(() => verified(secret, tampered)).toThrow(/signature/);
    expect(() =>
      verified(secret, { ...told, headers: { ...told.headers, 'webhook-id': 'evt_1' } }),
    ).toThrow();
    expect(() => verified(other.secret, told)).toThrow(/signature/);
  });

  it('is told to those alone that asked for it, also of batches', async () => {
    const { make, endJob, deliver, jobs } = hooked();
    const [all, failures] = [await aReceiver(), await aReceiver()];
    await make(all.url);
    await make(failures.url, ['fine_tuning.job.failed', 'batch.expired']);
    await endJob('succeeded');
    await endJob('failed');
    await endJob('cancelled');
    for (const [status, code] of [
      ['succeeded', undefined],
      ['failed', 'batch-results-damaged'],
      ['failed', 'batch-expired'],
      ['cancelled', undefined],
    ] as const) {
      const { id } = await jobs.create(newJob({ prediction: aBatch() }), { id: createBatchId(Date.now()) });
      await jobs.update(id, (job) => ({ ...job, status: 'running' }));
      const error = code === undefined ? null : toJobError(code, 'A reason.');
      await jobs.update(id, (job) => ({ ...job, status, error, finishedAt: 1 }));
    }
    await deliver();
    const types = ({ received }: WebhookReceiver) => received.map(({ body }) => JSON.parse(body).type).sort();
    expect(types(all)).toEqual([...WEBHOOK_EVENT_TYPES].sort());
    expect(types(failures)).toEqual(['batch.expired', 'fine_tuning.job.failed']);
  });

  it('is told although whoever ended the job was killed before it gave notice', async () => {
    const store = createMemoryStore();
    const { make, deliver, clock } = hooked({ store });
    const receiver = await aReceiver();
    await make(receiver.url);
    const dying: ObjectStore = {
      ...store,
      put: async (key, ...rest) => {
        if (key.startsWith('webhook-queue/')) throw new Error('killed');
        return store.put(key, ...rest);
      },
    };
    const trainer = createJobStore({ store: dying, now: () => clock.nowMs });
    const { id } = await trainer.create(newJob());
    // The end of the job is not to fail with it.
    expect(await trainer.requestCancel(id)).toMatchObject({ status: 'cancelled' });
    await deliver();
    expect(receiver.received).toEqual([]);
    const server = createJobStore({ store, now: () => clock.nowMs });
    for await (const job of server.open()) expect(job.id).not.toBe(id);
    await deliver();
    expect(receiver.received.map(({ body }) => JSON.parse(body).data.id)).toEqual([id]);
  });

  it('is told once where notice of it is given twice', async () => {
    const { make, deliver, deliveries, jobs, endJob, store } = hooked();
    const receiver = await aReceiver();
    const { id, secret } = await make(receiver.url);
    const job = await endJob();
    await deliver();
    // As if whoever ended the job had been killed after the notice.
    await store.put(`open-jobs/000000000000000-${job.id}`, '');
    for await (const open of jobs.open()) expect(open.id).not.toBe(job.id);
    await deliver();
    expect(receiver.received).toHaveLength(1);
    expect(await deliveries(id)).toHaveLength(1);
    expect(verified(secret, receiver.received[0] as Received).data.id).toBe(job.id);
  });
});

describe('a delivery that fails', () => {
  it('is attempted again, with the same id and a signature of its own time', async () => {
    const { make, endJob, deliver, deliveries, clock } = hooked();
    const receiver = await aReceiver();
    receiver.answer = (response) => void response.writeHead(500).end(`<b>${'x'.repeat(5000)}`);
    const { id, secret } = await make(receiver.url);
    await endJob();
    await deliver();
    const [failed] = await deliveries(id);
    expect(failed).toMatchObject({
      status: 'pending',
      next_attempt_at: Math.ceil((clock.nowMs + (RETRY_PAUSES_MS[0] as number)) / 1000),
      attempts: [{ status: 500, problem: 'The receiver answered 500.' }],
    });
    expect(failed.attempts[0].response).toBe(`<b>${'x'.repeat(297)}`);
    await deliver();
    expect(receiver.received).toHaveLength(1);
    receiver.answer = (response) => void response.writeHead(200).end('thanks');
    clock.nowMs += RETRY_PAUSES_MS[0] as number;
    await deliver();
    const [first, second] = receiver.received as [Received, Received];
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(second.headers['webhook-timestamp']).not.toBe(first.headers['webhook-timestamp']);
    expect(verified(secret, second)).toEqual(verified(secret, first));
    expect((await deliveries(id))[0]).toMatchObject({
      status: 'delivered',
      attempts: [{ status: 500 }, { status: 200, response: null }],
    });
  });

  it('is given up after three days of a dead receiver, whose webhook is disabled after five', async () => {
    const { make, endJob, deliver, deliveries, api, clock, jobs } = hooked();
    const receiver = await aReceiver();
    const { id } = await make(receiver.url);
    await receiver.stop();
    const job = await endJob();
    const before = await jobs.get(job.id);
    const started = clock.nowMs;
    for (const pause of [0, ...RETRY_PAUSES_MS]) {
      clock.nowMs += pause;
      await deliver();
    }
    expect(clock.nowMs - started).toBeGreaterThan(3 * 24 * 60 * MINUTE_MS);
    const [failed] = await deliveries(id);
    expect(failed).toMatchObject({
      status: 'failed',
      problem: 'No answer came: ECONNREFUSED.',
      next_attempt_at: null,
    });
    expect(failed.attempts).toHaveLength(RETRY_PAUSES_MS.length + 1);
    expect(await api('GET', `/${id}`)).toMatchObject({
      status: 'enabled',
      failing_since: Math.floor(started / 1000),
    });
    // Nothing of it touches the job.
    expect(await jobs.get(job.id)).toEqual(before);

    clock.nowMs = started + FAILING_SECONDS * 1000;
    await endJob();
    await deliver();
    expect(await api('GET', `/${id}`)).toMatchObject({
      status: 'disabled',
      disabled_reason: 'No attempt has succeeded for 5 days.',
    });
    clock.nowMs += MINUTE_MS;
    await deliver();
    expect((await deliveries(id))[0]).toMatchObject({
      status: 'failed',
      problem: 'The webhook is disabled: No attempt has succeeded for 5 days.',
    });
    await endJob();
    await deliver();
    expect(await deliveries(id)).toHaveLength(2);
    for (const path of [`/${id}/test`, `/${id}/deliveries/${failed.id}/redeliver`])
      await expect(api('POST', path)).rejects.toThrow('409 webhook-disabled');
    expect(await api('POST', `/${id}`, { status: 'enabled' })).toMatchObject({
      status: 'enabled',
      disabled_reason: null,
      failing_since: null,
    });
  });

  it('ends at once where the receiver answers 410, and its webhook with it', async () => {
    const { make, endJob, deliver, deliveries, api } = hooked();
    const receiver = await aReceiver();
    receiver.answer = (response) => void response.writeHead(410).end();
    const { id } = await make(receiver.url);
    await endJob();
    await deliver();
    expect((await deliveries(id))[0]).toMatchObject({ status: 'failed', attempts: [{ status: 410 }] });
    expect(await api('GET', `/${id}`)).toMatchObject({ status: 'disabled', disabled_reason: /410/ });
  });

  it('is not sent on where the receiver redirects', async () => {
    const { make, endJob, deliver, deliveries } = hooked();
    const [receiver, other] = [await aReceiver(), await aReceiver()];
    receiver.answer = (response) => void response.writeHead(307, { location: other.url }).end();
    const { id } = await make(receiver.url);
    await endJob();
    await deliver();
    expect(other.received).toEqual([]);
    expect((await deliveries(id))[0].attempts).toMatchObject([{ status: 307, problem: /redirects/ }]);
  });

  it('ends after a time where the receiver hangs', async () => {
    const { make, endJob, deliver, deliveries } = hooked({ timeoutMs: 200 });
    const receiver = await aReceiver();
    receiver.answer = () => undefined;
    const { id } = await make(receiver.url);
    await endJob();
    await deliver();
    expect((await deliveries(id))[0]).toMatchObject({
      status: 'pending',
      attempts: [{ status: null, problem: 'No answer came within 0.2 s.' }],
    });
  });

  it('keeps no other webhook waiting, also where its receiver hangs', async () => {
    const { make, endJob, deliverer } = hooked();
    const [hanging, live] = [await aReceiver(), await aReceiver()];
    const held: ServerResponse[] = [];
    hanging.answer = (response) => void held.push(response);
    await make(hanging.url);
    await make(live.url);
    for (let index = 0; index < 40; index++) await endJob();
    while (live.received.length < 40 || held.length < 4) {
      await deliverer.step();
      await delay(5);
    }
    // Four attempts of 40 are in hand there, and none had to end for the others to begin.
    expect(held).toHaveLength(4);
    for (const response of held) response.writeHead(204).end();
    await deliverer.settled();
  });
});

describe('several processes on one store', () => {
  it('send each event once', async () => {
    const { make, endJob, aDeliverer } = hooked();
    const receiver = await aReceiver();
    await make(receiver.url);
    for (let index = 0; index < 12; index++) await endJob();
    const all = Array.from({ length: 4 }, () => aDeliverer());
    for (let round = 0; round < 8; round++) {
      await Promise.all(all.map((one) => one.step()));
      await Promise.all(all.map((one) => one.settled()));
    }
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(12);
    expect(new Set(ids).size).toBe(12);
  });

  it('send what one of them was about to send when it was killed', async () => {
    const { make, endJob, aDeliverer, deliver, clock } = hooked();
    const receiver = await aReceiver();
    await make(receiver.url);
    await endJob();
    // It has claimed the delivery when it sends.
    await new Promise<void>((resolve) => {
      const killed = aDeliverer(() => {
        resolve();
        return new Promise(() => undefined);
      });
      void killed.step();
    });
    await deliver();
    expect(receiver.received).toEqual([]);
    clock.nowMs += MINUTE_MS;
    await deliver();
    expect(receiver.received).toHaveLength(1);
  });

  it('send at once what one of them broke off when it stopped', async () => {
    const { make, endJob, aDeliverer, deliver, deliveries } = hooked();
    const receiver = await aReceiver();
    receiver.answer = () => undefined;
    const { id } = await make(receiver.url);
    await endJob();
    const stopping = aDeliverer();
    await stopping.step();
    while (receiver.received.length === 0) await delay(5);
    await stopping.stop();
    expect((await deliveries(id))[0]).toMatchObject({ status: 'pending', attempts: [] });
    receiver.answer = (response) => void response.writeHead(204).end();
    await deliver();
    expect(receiver.received).toHaveLength(2);
  });

  it('go on where the store fails between two writes', async () => {
    const store = createMemoryStore();
    let left = Number.POSITIVE_INFINITY;
    const breaking: ObjectStore = {
      ...store,
      put: async (...args) => {
        if (left-- <= 0) throw new Error('broken');
        return store.put(...args);
      },
    };
    for (let writes = 0; writes < 8; writes++) {
      const { make, endJob, deliver, deliveries, clock } = hooked({ store: breaking });
      left = Number.POSITIVE_INFINITY;
      const receiver = await aReceiver();
      const { id } = await make(receiver.url);
      await endJob();
      left = writes;
      await deliver().catch(() => undefined);
      left = Number.POSITIVE_INFINITY;
      clock.nowMs += 2 * MINUTE_MS;
      await deliver();
      expect(await deliveries(id)).toMatchObject([{ status: 'delivered' }]);
      expect(receiver.received.length).toBeGreaterThan(0);
    }
  });
});

describe('a webhook', () => {
  it('is sent a test, and an old delivery once more, with the id of its event', async () => {
    const { make, deliver, deliveries, api } = hooked();
    const receiver = await aReceiver();
    const { id, secret } = await make(receiver.url, ['batch.failed']);
    const sent = await api('POST', `/${id}/test`);
    expect(sent).toMatchObject({ status: 'pending', event: { type: 'webhook.test', data: { id } } });
    await deliver();
    const path = `/${id}/deliveries/${sent.id}`;
    expect(await api('GET', path)).toMatchObject({ status: 'delivered' });
    expect(await api('POST', `${path}/redeliver`)).toMatchObject({
      status: 'pending',
      attempts: [{ status: 204 }],
    });
    await deliver();
    const [first, second] = receiver.received as [Received, Received];
    expect(verified(secret, second)).toEqual(verified(secret, first));
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(await deliveries(id)).toMatchObject([{ status: 'delivered', attempts: [{}, {}] }]);
  });

  it('signs by its new secret and by the one before, until that ends', async () => {
    const { make, deliver, api, clock } = hooked();
    const receiver = await aReceiver();
    const { id, secret: old } = await make(receiver.url);
    const { secret, rotated_at } = await api('POST', `/${id}/rotate`, { grace_seconds: 3600 });
    expect(rotated_at).toBe(Math.floor(clock.nowMs / 1000));
    await api('POST', `/${id}/test`);
    await deliver();
    const [told] = receiver.received as [Received];
    expect(String(told.headers['webhook-signature']).split(' ')).toHaveLength(2);
    expect(verified(old, told)).toEqual(verified(secret, told));
    const { secret: last } = await api('POST', `/${id}/rotate`, { grace_seconds: 0 });
    await api('POST', `/${id}/test`);
    await deliver();
    const [, after] = receiver.received as [Received, Received];
    expect(verified(last, after).type).toBe('webhook.test');
    for (const ended of [old, secret]) expect(() => verified(ended, after)).toThrow(/signature/);
  });

  it('is deleted with its deliveries and its secret', async () => {
    const { make, endJob, deliver, api, store } = hooked();
    const receiver = await aReceiver();
    const { id } = await make(receiver.url);
    await endJob();
    await deliver();
    await api('POST', `/${id}/test`);
    expect(await api('DELETE', `/${id}`)).toEqual({ id, object: 'webhook', deleted: true });
    await deliver();
    expect(receiver.received).toHaveLength(1);
    await expect(api('GET', `/${id}`)).rejects.toThrow('404 webhook-not-found');
    const left = [];
    for await (const { key } of store.list('webhook')) left.push(key);
    expect(left).toEqual([]);
  });
});

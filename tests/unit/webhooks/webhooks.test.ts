// Webhooks as the HTTP API has them, and the addresses that they may have.

import { describe, expect, it } from 'vitest';
import { createEventPoster } from '../../../core/webhook/post-event.ts';
import { MOST_WEBHOOKS } from '../../../core/webhook/webhook-records.ts';
import { CERTIFICATE, startHttpsServer } from '../../support/https-server.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

const EVENTS = ['batch.completed'];
const EVENT = { id: 'evt_1', type: 'webhook.test', createdAt: 1, data: { id: 'wh_1' } };

describe('a webhook', () => {
  it('has a secret that is shown once, and is in no list and no log', async () => {
    const { send, logLines } = createTestApp({ webhookReceivers: 'any' });
    const body = { url: 'http://127.0.0.1:9/a?token=hush', events: EVENTS, description: 'for me' };
    const made = await send('POST', '/v1/webhooks', body);
    expect(made.status).toBe(201);
    const { secret, ...shown } = made.body;
    expect(shown).toEqual({
      id: expect.stringMatching(/^wh_\w+$/),
      object: 'webhook',
      ...body,
      status: 'enabled',
      disabled_reason: null,
      disabled_at: null,
      failing_since: null,
      created_at: expect.any(Number),
      created_by: null,
      rotated_at: null,
    });
    const get = async (path: string): Promise<AnyJson> => (await send('GET', path)).body;
    expect(await get(`/v1/webhooks/${shown.id}`)).toEqual(shown);
    expect(await get('/v1/webhooks')).toEqual({ object: 'list', data: [shown], has_more: false });
    const said = JSON.stringify([await get('/v1/audit'), logLines]);
    expect(said).toContain(shown.id);
    expect(said).not.toContain(secret.slice(6));
    expect(said).not.toContain('hush');
  });

  it('is listed page by page, changed, and made no more often than is allowed', async () => {
    const { send, clock } = createTestApp({ webhookReceivers: 'any' });
    const make = () => {
      clock.nowMs += 1000;
      return send('POST', '/v1/webhooks', { url: 'http://a.test', events: EVENTS });
    };
    const ids: string[] = [];
    for (let index = 0; index < MOST_WEBHOOKS; index++) ids.unshift((await make()).body.id);
    expect(await make()).toMatchObject({ status: 409, body: { error: { code: 'webhooks-full' } } });
    const page = await send('GET', `/v1/webhooks?limit=2&after=${ids[1]}`);
    expect(page.body.data.map(({ id }: AnyJson) => id)).toEqual(ids.slice(2, 4));
    const path = `/v1/webhooks/${ids[0]}`;
    const events = ['fine_tuning.job.failed'];
    expect(
      (await send('POST', path, { events, description: 'mine', status: 'disabled' })).body,
    ).toMatchObject({
      events,
      description: 'mine',
      status: 'disabled',
      disabled_reason: 'A request disabled it.',
    });
    expect((await send('POST', path, { status: 'enabled', description: null })).body).toMatchObject({
      events,
      description: null,
      status: 'enabled',
    });
  });

  it.each([
    [{ url: 'http://127.0.0.1:9/' }, /events/],
    [{ url: 'http://127.0.0.1:9/', events: [] }, /events/],
    [{ url: 'http://127.0.0.1:9/', events: ['job.done'] }, /events/],
    [{ url: 'http://127.0.0.1:9/', events: ['batch.failed', 'batch.failed'] }, /once/],
    [{ url: 'http://127.0.0.1:9/', events: EVENTS, secret: 'mine' }, /secret/],
  ])('is refused as %j', async (body, message) => {
    const { send } = createTestApp({ webhookReceivers: 'any' });
    const { status, body: answer } = await send('POST', '/v1/webhooks', body);
    expect([status, answer.error.code]).toEqual([400, 'request-invalid']);
    expect(answer.error.message).toMatch(message);
  });

  it('is made, tested and told nothing where the installation tells none, and can be deleted', async () => {
    const on = createTestApp({ webhookReceivers: 'any' });
    const { id } = (await on.send('POST', '/v1/webhooks', { url: 'http://a.test', events: EVENTS })).body;
    const delivery = (await on.send('POST', `/v1/webhooks/${id}/test`)).body;
    const { send } = createTestApp({ store: on.store, webhookReceivers: undefined });
    for (const [path, body] of [
      ['', { url: 'https://8.8.8.8/', events: EVENTS }],
      [`/${id}/test`, undefined],
      [`/${id}/deliveries/${delivery.id}/redeliver`, undefined],
    ] as const)
      expect(await send('POST', `/v1/webhooks${path}`, body)).toMatchObject({
        status: 403,
        body: { error: { code: 'webhooks-off' } },
      });
    expect(await send('DELETE', `/v1/webhooks/${id}`)).toMatchObject({ status: 200 });
  });

  it('is unknown by another id', async () => {
    const { send } = createTestApp();
    for (const [method, path, code] of [
      ['GET', '/v1/webhooks/wh_1', 'webhook-not-found'],
      ['POST', '/v1/webhooks/wh_1/rotate', 'webhook-not-found'],
      ['POST', '/v1/webhooks/wh_1/test', 'webhook-not-found'],
      ['DELETE', '/v1/webhooks/wh_1', 'webhook-not-found'],
      ['GET', '/v1/webhooks/wh_1/deliveries', 'webhook-not-found'],
      ['GET', '/v1/webhooks/wh_1/deliveries/dlv_1', 'webhook-delivery-not-found'],
    ] as const)
      expect(await send(method, path)).toMatchObject({ status: 404, body: { error: { code } } });
  });
});

describe('the address of a receiver', () => {
  it.each([
    'http://hooks.example.com/',
    'https://127.0.0.1/',
    'https://localhost.localdomain.invalid/',
    'https://10.1.2.3:8443/',
    'https://[::1]/',
    'https://[::ffff:192.168.0.1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://0x7f.1/',
    'https://user:password@8.8.8.8/',
    'ftp://8.8.8.8/',
    'file:///etc/passwd',
    'nothing',
  ])('%s is refused where the operator allows the public internet alone', async (url) => {
    const { send, store } = createTestApp();
    const { status, body } = await send('POST', '/v1/webhooks', { url, events: EVENTS });
    expect([status, body.error.code, body.error.param]).toEqual([403, 'webhook-url-refused', 'url']);
    for await (const { key } of store.list('webhooks/')) throw new Error(key);
  });

  it('is looked up anew for each attempt: a name that became private is told nothing', async () => {
    const told: string[] = [];
    const server = await startHttpsServer((request, response) => {
      told.push(request.url ?? '');
      response.end();
    });
    const url = `https://pictures.test:${server.port}/`;
    const post = (options: object) =>
      createEventPoster({
        receivers: 'public',
        now: Date.now,
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
        ca: CERTIFICATE,
        ...options,
      })({ url, secrets: ['whsec_AAAA'] }, EVENT, new AbortController().signal);
    const refused = { status: null, problem: expect.stringMatching(/not on the public internet/) };
    expect(await post({})).toMatchObject(refused);
    let looks = 0;
    // Public when it is looked up, private at the connection.
    expect(await post({ isPublic: () => looks++ === 0 })).toMatchObject(refused);
    expect(looks).toBe(2);
    expect(told).toEqual([]);
    expect(await post({ isPublic: () => true })).toEqual({ status: 200, problem: null, response: null });
    expect(await post({ isPublic: () => true, ca: undefined })).toMatchObject({
      status: null,
      problem: expect.stringMatching(/certificate|CERT|SIGNED/i),
    });
    expect(told).toEqual(['/']);
    await server.stop();
  });

  it('is http alone where the operator allows any', async () => {
    const post = createEventPoster({ receivers: 'public', now: Date.now });
    const outcome = await post(
      { url: 'http://8.8.8.8/', secrets: ['whsec_AAAA'] },
      EVENT,
      new AbortController().signal,
    );
    expect(outcome).toMatchObject({ status: null, problem: expect.stringMatching(/only https/) });
  });
});

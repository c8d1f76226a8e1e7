// Requests with an Idempotency-Key are done once, whatever they make.

import { describe, expect, it } from 'vitest';
import { createKeptAnswers } from '../../../core/idempotency/kept-answers.ts';
import { changeLiveRecord, readLiveRecord } from '../../../core/model/live-record.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { IDEMPOTENT_OPERATIONS, NOT_IDEMPOTENT } from '../../../functions/http/idempotent-operations.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { type AnyJson, createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const COLOR = '/v1/models/color';
const once = { 'idempotency-key': 'once' };
const OPERATOR = 'the-key-of-the-operator';
const apiKeys = async () => ({ operator: OPERATOR });

/** An app with versions 1 to 4, of which 1 to 3 were live before 4. */
async function appWithHistory(keys?: Record<string, string>) {
  const test = createTestApp(keys === undefined ? {} : { apiKeys: async () => keys });
  for (const version of ['1', '2', '3', '4'])
    await commitColorModel(test.store, { version, jobId: `ftjob-${version}` });
  const history = ['1', '2', '3'].map((version) => ({ version, until: 0 }));
  await changeLiveRecord(test.store, 'color', (record) => ({ ...record, version: '4', history }));
  return test;
}

it('every operation by POST either takes the header or has a reason why not', async () => {
  const document: AnyJson = (await createTestApp().send('GET', '/openapi.json')).body;
  const posts = Object.values<AnyJson>(document.paths).flatMap(({ post }) => (post ? [post] : []));
  const rows = [...Object.keys(IDEMPOTENT_OPERATIONS), ...Object.keys(NOT_IDEMPOTENT)];
  expect(rows.sort()).toEqual(posts.map(({ operationId }) => operationId).sort());
  for (const { operationId, parameters = [] } of posts) {
    const takesIt = parameters.some(({ name }: AnyJson) => name === 'idempotency-key');
    expect(takesIt, operationId).toBe(operationId in IDEMPOTENT_OPERATIONS);
  }
});

describe('a request with an Idempotency-Key', () => {
  it('is done once, also where the same comes at the same moment, and is answered as before', async () => {
    const test = await appWithHistory();
    const rollBack = () => test.send('POST', `${COLOR}/rollback`, undefined, once);
    const [first, second] = await Promise.all([rollBack(), rollBack()]);
    const third = await rollBack();
    expect(first).toMatchObject({ status: 200, body: { version: '3' } });
    for (const { status, body } of [second, third]) expect([status, body]).toEqual([200, first?.body]);
    expect(third.headers.get('idempotency-replayed')).toBe('true');
    expect((await readLiveRecord(test.store, 'color'))?.version).toBe('3');
  });

  it('is refused where another request had the key', async () => {
    const test = await appWithHistory();
    expect((await test.send('POST', `${COLOR}/promote`, { version: '1' }, once)).status).toBe(200);
    const other = await test.send('POST', `${COLOR}/promote`, { version: '2' }, once);
    expect([other.status, other.body.error.code]).toEqual([409, 'idempotency-conflict']);
    // Other operations have keys of their own.
    expect((await test.send('POST', `${COLOR}/rollback`, undefined, once)).status).toBe(200);
  });

  it('leaves the key free where it fails', async () => {
    const test = await appWithHistory();
    expect((await test.send('POST', `${COLOR}/promote`, { version: '9' }, once)).status).toBe(404);
    expect((await test.send('POST', `${COLOR}/promote`, { version: '1' }, once)).status).toBe(200);
    const long = { 'idempotency-key': 'x'.repeat(256) };
    expect((await test.send('POST', `${COLOR}/promote`, { version: '1' }, long)).status).toBe(400);
  });

  it('shares its key with nobody who has another API key', async () => {
    const test = await appWithHistory({ ann: 'key-of-ann', bob: 'key-of-bob' });
    const as = (key: string) => ({ ...once, authorization: `Bearer ${key}` });
    await test.send('POST', `${COLOR}/rollback`, undefined, as('key-of-ann'));
    const { body } = await test.send('POST', `${COLOR}/rollback`, undefined, as('key-of-bob'));
    expect(body.version).toBe('2');
  });

  it('is the same where nothing reads its body', async () => {
    const test = createTestApp({ webhookReceivers: 'any' });
    const webhook = { url: 'https://203.0.113.7/', events: ['batch.completed'] };
    const { id } = (await test.send('POST', '/v1/webhooks', webhook)).body;
    const notify = (body: AnyJson) => test.send('POST', `/v1/webhooks/${id}/test`, body, once);
    const answers = await Promise.all(Array.from({ length: 8 }, () => notify({})));
    const [first] = answers;
    expect([first?.status, first?.body.object]).toEqual([201, 'webhook.delivery']);
    for (const { status, body } of answers) expect([status, body]).toEqual([201, first?.body]);
    expect((await notify({ other: 1 })).body.error.code).toBe('idempotency-conflict');
  });

  it('gives nothing to a key that was made anew by the same name', async () => {
    const test = createTestApp({ apiKeys });
    await commitColorModel(test.store);
    const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
    const makeKey = async (terms: AnyJson) => {
      test.clock.nowMs += 10_000;
      const made = await test.send('POST', '/v1/keys', { name: 'phone', ...terms }, as(OPERATOR));
      return as(made.body.secret);
    };
    const ask = async (headers: Record<string, string>) =>
      (await test.send('POST', '/v1/uploads', { bytes: 3, mime_type: 'image/png' }, { ...headers, ...once }))
        .body;
    const first = await makeKey({ scopes: ['train'] });
    const { id } = await ask(first);
    expect((await ask(first)).id).toBe(id);
    await test.send('DELETE', '/v1/keys/phone', undefined, as(OPERATOR));
    for (const terms of [{ models: ['other'] }, {}]) {
      const anew = await ask(await makeKey({ scopes: ['train'], ...terms }));
      expect(anew.error?.code).toBe('idempotency-conflict');
      await test.send('DELETE', '/v1/keys/phone', undefined, as(OPERATOR));
    }
  });

  it('is told when a key will be free whose request was not heard of', async () => {
    const test = await appWithHistory();
    await test.send('POST', `${COLOR}/rollback`, undefined, once);
    for await (const { key } of test.store.list('idempotency/')) {
      const { answer: _, ...record } = JSON.parse(
        new TextDecoder().decode((await test.store.get(key))?.body),
      );
      const claim = { owner: 'dead', atMs: test.clock.nowMs - 15_000, isRenewed: true };
      await test.store.put(key, JSON.stringify({ ...record, claim }));
    }
    const refused = await test.send('POST', `${COLOR}/rollback`, undefined, once);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([409, '30']);
    expect(refused.body.error.message).toContain('in 30 seconds');
    test.clock.nowMs += 31_000;
    expect((await test.send('POST', `${COLOR}/rollback`, undefined, once)).status).toBe(200);
  }, 20_000);
});

const PICTURE = Buffer.from(await colorPicture('red')).toString('base64');

/** A request that makes something: a body of JSON, or the fields of a form. */
interface Making {
  readonly path: string;
  readonly json?: AnyJson;
  readonly form?: Readonly<Record<string, string | Blob>>;
}
const asOperator = (test: TestApp) => (path: string, json?: AnyJson) =>
  test.send('POST', path, json, { authorization: `Bearer ${OPERATOR}` });
const makeWebhook = async (test: TestApp): Promise<string> =>
  `/v1/webhooks/${(await asOperator(test)('/v1/webhooks', { url: 'https://203.0.113.7/', events: ['batch.completed'] })).body.id}`;

/** A request of each operation that makes something once, and another one that it is not. */
const MAKING: Readonly<Record<string, (test: TestApp) => Promise<readonly [Making, Making]>>> = {
  createFile: async () => {
    const form = { purpose: 'batch', file: new Blob(['a\n'.repeat(100_000)]) };
    const path = '/v1/files';
    return [
      { path, form },
      { path, form: { ...form, file: new Blob(['b\n'.repeat(100_000)]) } },
    ];
  },
  addUploadPart: async (test) => {
    const upload = { purpose: 'batch', filename: 'list.jsonl', bytes: 3, mime_type: 'text/jsonl' };
    const path = `/v1/uploads/${(await asOperator(test)('/v1/uploads', upload)).body.id}/parts`;
    return [
      { path, form: { data: new Blob(['abc']) } },
      { path, form: { data: new Blob(['abd']) } },
    ];
  },
  createPredictionFeedback: async (test) => {
    await commitColorModel(test.store);
    const path = '/v1/predictions/pred-abc/feedback';
    const json = { model: 'color', label: 'green', image: PICTURE, consent: true };
    return [
      { path, json },
      { path, json: { ...json, label: 'red' } },
    ];
  },
  createKey: async () => {
    const json = { name: 'phone', scopes: ['predict'] };
    return [
      { path: '/v1/keys', json },
      { path: '/v1/keys', json: { ...json, name: 'other' } },
    ];
  },
  rotateKey: async (test) => {
    await asOperator(test)('/v1/keys', { name: 'phone', scopes: ['predict'] });
    const path = '/v1/keys/phone/rotate';
    return [{ path }, { path, json: { grace_seconds: 1 } }];
  },
  createWebhook: async () => {
    const json = { url: 'https://203.0.113.7/', events: ['batch.completed'] };
    const path = '/v1/webhooks';
    return [
      { path, json },
      { path, json: { ...json, description: 'x' } },
    ];
  },
  rotateWebhook: async (test) => {
    const path = `${await makeWebhook(test)}/rotate`;
    return [{ path }, { path, json: { grace_seconds: 1 } }];
  },
  testWebhook: async (test) => {
    const [one, other] = [await makeWebhook(test), await makeWebhook(test)];
    return [{ path: `${one}/test` }, { path: `${other}/test` }];
  },
  redeliverWebhookDelivery: async (test) => {
    const webhook = await makeWebhook(test);
    const deliver = async () =>
      `${webhook}/deliveries/${(await asOperator(test)(`${webhook}/test`)).body.id}/redeliver`;
    return [{ path: await deliver() }, { path: await deliver() }];
  },
};
/** Those that tests of their own send twice. */
const ELSEWHERE = [
  'createFineTuningJob',
  'createBatch',
  'evaluateModel',
  'createModelOfCheckpoint',
  'importModel',
  'createUpload',
  'renameModel',
  'promoteModel',
  'rollBackModel',
];

function ask({ app }: TestApp, { path, json, form }: Making, key: string) {
  const headers = { authorization: `Bearer ${OPERATOR}`, 'idempotency-key': key };
  if (form === undefined)
    return app.request(path, {
      method: 'POST',
      headers: { ...headers, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
  // Each form has a boundary of its own.
  const body = new FormData();
  for (const [name, value] of Object.entries(form)) body.append(name, value);
  return app.request(path, { method: 'POST', headers, body });
}

async function objectsOf({ store }: TestApp, prefixes: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const prefix of prefixes)
    for await (const { key, etag } of store.list(prefix)) found.push(`${key} ${etag}`);
  return found;
}
const MADE_IN = ['api-keys/', 'datasets/', 'files/', 'webhooks/', 'webhook-deliveries/', 'webhook-queue/'];

describe('an operation that makes something', () => {
  it('has a request here, or in tests of its own', () => {
    expect([...Object.keys(MAKING), ...ELSEWHERE].sort()).toEqual(Object.keys(IDEMPOTENT_OPERATIONS).sort());
  });

  it.each(Object.entries(MAKING))('%s makes it once', async (operation, prepare) => {
    const test = createTestApp({ apiKeys, keepsFeedback: true, webhookReceivers: 'any' });
    const [making, other] = await prepare(test);
    const first = await readAnswer(await ask(test, making, 'one'));
    expect(first.body.error).toBeUndefined();
    const made = await objectsOf(test, MADE_IN);
    test.clock.nowMs += 5000;
    const again = await readAnswer(await ask(test, making, 'one'));
    expect(await objectsOf(test, MADE_IN)).toEqual(made);
    if (first.body.secret === undefined) {
      expect([again.status, again.body]).toEqual([first.status, first.body]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    } else {
      const { name: key, id: webhook_id } = first.body;
      expect([again.status, again.body.error.code]).toEqual([409, 'idempotency-secret-given']);
      expect(again.body.error.details).toEqual(key === undefined ? { webhook_id } : { key });
    }
    // A path of its own is another request as well.
    const refused = await readAnswer(await ask(test, other, 'one'));
    expect([operation, refused.body.error?.code]).toEqual([operation, 'idempotency-conflict']);
    expect((await ask(test, other, 'two')).ok).toBe(true);
  });

  it('keeps nothing that names pictures or files, and answers with what is there no more that it is gone', async () => {
    const test = createTestApp({ apiKeys, keepsFeedback: true });
    const requestOf = async (operation: string) => {
      const [making] = (await MAKING[operation]?.(test)) ?? [];
      if (making === undefined) throw new Error('There is no request.');
      return making;
    };
    const [file, feedback] = [await requestOf('createFile'), await requestOf('createPredictionFeedback')];
    const named = { ...file, form: { ...file.form, file: new File(['a'], 'Ann Miller.jsonl') } };
    const { id, filename } = (await readAnswer(await ask(test, named, 'one'))).body;
    const { path } = (await readAnswer(await ask(test, feedback, 'one'))).body;
    const hash = path.split('/')[1].slice(0, 8);
    const kept = await objectsOf(test, ['idempotency/']);
    expect([kept.length, filename, hash.length]).toEqual([2, 'Ann Miller.jsonl', 8]);
    for (const entry of kept) {
      const record = await test.store.get(entry.split(' ')[0] ?? '');
      expect(new TextDecoder().decode(record?.body)).not.toMatch(new RegExp(`Ann|green|feedback"|${hash}`));
    }

    const authorization = { authorization: `Bearer ${OPERATOR}` };
    await test.send('DELETE', `/v1/files/${id}`, undefined, authorization);
    await test.store.erase(`datasets/color-feedback/${path}`);
    const left = await objectsOf(test, MADE_IN);
    for (const making of [named, feedback]) {
      const { status, body } = await readAnswer(await ask(test, making, 'one'));
      expect([status, body.error?.code]).toEqual([410, 'idempotency-gone']);
    }
    expect(await objectsOf(test, MADE_IN)).toEqual(left);
  });

  it('answers again with the upload, the link to it and the model as they are now', async () => {
    const test = await appWithHistory();
    const twice = async (path: string, json: AnyJson, change: (made: AnyJson) => Promise<unknown>) => {
      const first = await test.send('POST', path, json, once);
      await change(first.body);
      const again = await test.send('POST', path, json, once);
      expect([first.body.error, again.headers.get('idempotency-replayed')]).toEqual([undefined, 'true']);
      return [first.body, again.body] as const;
    };
    const parts = { purpose: 'batch', filename: 'a.jsonl', bytes: 3, mime_type: 'text/jsonl' };
    const [begun, ended] = await twice('/v1/uploads', parts, ({ id }) =>
      test.send('POST', `/v1/uploads/${id}/cancel`),
    );
    expect([ended.id, begun.status, ended.status]).toEqual([begun.id, 'pending', 'cancelled']);
    const renamed = await twice(`${COLOR}/rename`, { name: 'colour' }, () =>
      test.send('POST', '/v1/models/colour/promote', { version: '1' }),
    );
    expect(renamed.map(({ id, version }) => [id, version])).toEqual([
      ['colour', '4'],
      ['colour', '1'],
    ]);
  });

  it('an answer with a secret is kept nowhere', async () => {
    for (const operation of ['createKey', 'rotateKey', 'createWebhook', 'rotateWebhook']) {
      const test = createTestApp({ apiKeys, webhookReceivers: 'any' });
      const [making] = (await MAKING[operation]?.(test)) ?? [];
      const { secret } = (await readAnswer(await ask(test, making as Making, 'one'))).body;
      const kept = await objectsOf(test, ['idempotency/']);
      expect([operation, kept.length, secret.length > 20]).toEqual([operation, 1, true]);
      const record = await test.store.get(kept[0]?.split(' ')[0] ?? '');
      expect(new TextDecoder().decode(record?.body)).not.toContain(secret);
    }
  });

  it.each(['createFile', 'addUploadPart', 'createWebhook', 'testWebhook'])(
    '%s makes it once where the first died after it',
    async (operation) => {
      const test = createTestApp({ apiKeys, webhookReceivers: 'any' });
      const [making] = (await MAKING[operation]?.(test)) ?? [];
      if (making === undefined) throw new Error('There is no request.');
      const first = await readAnswer(await ask(test, making, 'one'));
      const made = await objectsOf(test, MADE_IN);
      for (const entry of await objectsOf(test, ['idempotency/'])) {
        const key = entry.split(' ')[0] ?? '';
        const { answer: _, ...rest } = JSON.parse(
          new TextDecoder().decode((await test.store.get(key))?.body),
        );
        await test.store.put(
          key,
          JSON.stringify({ ...rest, claim: { owner: 'dead', atMs: test.clock.nowMs } }),
        );
      }
      test.clock.nowMs += 16 * 60_000;
      const again = await readAnswer(await ask(test, making, 'one'));
      expect([again.status, again.body.id]).toEqual([first.status, first.body.id]);
      // Senders of webhooks may be woken as often as anybody likes.
      const names = (entries: readonly string[]) =>
        entries.flatMap((entry) => (entry.includes('/wake-') ? [] : [entry.split(' ')[0]]));
      expect(names(await objectsOf(test, MADE_IN))).toEqual(names(made));
    },
  );
});

describe('a kept answer', () => {
  const request = { client: undefined, rights: 'all', operation: 'importModel', key: 'k' };

  it('is waited for, and taken over with the same id once whoever was at work has died', async () => {
    const clock = { nowMs: 0 };
    const answers = createKeptAnswers({ store: createMemoryStore(), now: () => clock.nowMs });
    const first = await answers.claim(request);
    expect(await answers.claim(request)).toEqual({ state: 'at-work', silence: undefined });
    clock.nowMs = 12_000;
    const silence = { silentMs: 12_000, freeInMs: 33_000 };
    expect(await answers.claim(request)).toEqual({ state: 'at-work', silence });
    clock.nowMs = 46_000;
    const second = await answers.claim(request);
    if (first.state !== 'mine' || second.state !== 'mine') throw new Error('Nobody has the key.');
    expect(second.id).toBe(first.id);
    const answer = { requestHash: 'h', status: 201, contentType: 'application/json', body: '{}' };
    await second.end(answer);
    // The first was only slow. What it made is the same, and its answer comes too late.
    await first.end({ ...answer, body: '{"late":true}' });
    const { id, sinceMs } = second;
    expect(await answers.claim(request)).toEqual({ state: 'answered', id, sinceMs, answer });
  });

  it('is renewed while its request is at work, however long that takes', async () => {
    const clock = { nowMs: 0 };
    const answers = createKeptAnswers({ store: createMemoryStore(), now: () => clock.nowMs, renewMs: 5 });
    const claimed = await answers.claim(request);
    for (clock.nowMs = 40_000; clock.nowMs < 200_000; clock.nowMs += 40_000)
      await expect
        .poll(() => answers.claim(request), { interval: 5 })
        .toEqual({ state: 'at-work', silence: undefined });
    if (claimed.state !== 'mine') throw new Error('Nobody has the key.');
    await claimed.end(undefined);
    const next = await answers.claim(request);
    expect(next.state).toBe('mine');
    if (next.state === 'mine') await next.end(undefined);
  });

  it('leaves a claim of an earlier version, which is not renewed, for as long as a function lives', async () => {
    const clock = { nowMs: 0 };
    const store = createMemoryStore();
    const answers = createKeptAnswers({ store, now: () => clock.nowMs });
    const first = await answers.claim(request);
    if (first.state !== 'mine') throw new Error('Nobody has the key.');
    await first.end(undefined);
    for await (const { key } of store.list('idempotency/')) {
      const { rights: _, ...record } = JSON.parse(new TextDecoder().decode((await store.get(key))?.body));
      await store.put(key, JSON.stringify({ ...record, claim: { owner: 'earlier', atMs: 0 } }));
    }
    clock.nowMs = 14 * 60_000;
    expect(await answers.claim(request)).toEqual({ state: 'at-work', silence: undefined });
    clock.nowMs = 16 * 60_000;
    const second = await answers.claim(request);
    expect(second).toMatchObject({ state: 'mine', id: first.id });
    if (second.state === 'mine') await second.end(undefined);
  });
});

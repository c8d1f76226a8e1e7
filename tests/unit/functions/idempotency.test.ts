// Requests with an Idempotency-Key are done once, whatever they make.

import { describe, expect, it } from 'vitest';
import { createKeptAnswers } from '../../../core/idempotency/kept-answers.ts';
import { changeLiveRecord, readLiveRecord } from '../../../core/model/live-record.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { IDEMPOTENT_OPERATIONS, NOT_IDEMPOTENT } from '../../../functions/http/idempotent-operations.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

const COLOR = '/v1/models/color';
const once = { 'idempotency-key': 'once' };

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
});

describe('a kept answer', () => {
  const request = { client: undefined, operation: 'importModel', key: 'k' };

  it('is waited for, and taken over with the same id once whoever was at work has died', async () => {
    const clock = { nowMs: 0 };
    const answers = createKeptAnswers({ store: createMemoryStore(), now: () => clock.nowMs });
    const first = await answers.claim(request);
    expect(await answers.claim(request)).toEqual({ state: 'at-work' });
    clock.nowMs = 16 * 60_000;
    const second = await answers.claim(request);
    if (first.state !== 'mine' || second.state !== 'mine') throw new Error('Nobody has the key.');
    expect(second.id).toBe(first.id);
    const answer = { requestHash: 'h', status: 201, contentType: 'application/json', body: '{}' };
    await second.end(answer);
    // The first was only slow. What it made is the same, and its answer comes too late.
    await first.end({ ...answer, body: '{"late":true}' });
    expect(await answers.claim(request)).toEqual({ state: 'answered', answer });
  });
});

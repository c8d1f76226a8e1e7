// API keys through the HTTP API: made, used, limited, rotated, revoked.

import { describe, expect, it } from 'vitest';
import { KEY_MEMORY_MS } from '../../../core/api-key/key-ring.ts';
import { encodeCheckpoint } from '../../../core/job/checkpoints/checkpoint-file.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

const OPERATOR = 'the-key-of-the-operator';
const apiKeys = async () => ({ operator: OPERATOR });

/** An app with keys, and ways to ask it as somebody. */
function keyed(options: Parameters<typeof createTestApp>[0] = {}) {
  const test = createTestApp({ apiKeys, ...options });
  const as = (secret: string) => (method: string, path: string, body?: unknown) =>
    test.send(method, path, body, { authorization: `Bearer ${secret}` });
  const admin = as(OPERATOR);
  const make = async (key: object): Promise<AnyJson> => (await admin('POST', '/v1/keys', key)).body;
  return { ...test, as, admin, make };
}

describe('an API key', () => {
  it('is made with a secret that is shown once and stored as a hash alone', async () => {
    const { admin, as, make, store } = keyed();
    const made = await make({ name: 'phone', scopes: ['predict'] });
    expect(made).toMatchObject({
      object: 'api_key',
      name: 'phone',
      created_by: 'operator',
      expires_at: null,
    });
    expect(made.secret).toMatch(/^fovea_phone_[\w-]{43}$/);
    expect(await as(made.secret)('GET', '/v1/models')).toMatchObject({ status: 200 });
    const { secret, ...shown } = made;
    expect((await admin('GET', '/v1/keys/phone')).body).toEqual(shown);
    expect((await admin('GET', '/v1/keys')).body).toEqual({ object: 'list', data: [shown], has_more: false });
    const stored = new TextDecoder().decode((await store.get('api-keys/phone.json'))?.body);
    expect(stored).not.toContain(secret.slice(-43));
    expect(JSON.parse(stored).hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('tells whoever has it what it allows, and no secret', async () => {
    const end = Math.floor(Date.now() / 1000) + 3600;
    const { as, admin, make } = keyed();
    const terms = { expires_at: end, datasets: ['lab-*'], models: ['fruit'], requests_per_minute: 60 };
    const { secret } = await make({ name: 'lab', scopes: ['train'], ...terms });
    const told = await as(secret)('GET', '/v1/key');
    expect(told).toMatchObject({ status: 200 });
    expect(told.body).toEqual({
      object: 'current_api_key',
      name: 'lab',
      scopes: ['predict', 'train'],
      predictions_per_day: null,
      ...terms,
    });
    expect((await admin('GET', '/v1/key')).body).toMatchObject({
      name: 'operator',
      scopes: ['predict', 'train', 'admin'],
      datasets: null,
    });
    expect(await as('none')('GET', '/v1/key')).toMatchObject({ status: 401 });
  });

  it('allows everything where the server requires none', async () => {
    const { status, body } = await createTestApp().send('GET', '/v1/key');
    expect([status, body.name, body.scopes]).toEqual([200, null, ['predict', 'train', 'admin']]);
  });

  it('does not work with another secret, nor under another name', async () => {
    const { as, make } = keyed();
    const { secret } = await make({ name: 'phone', scopes: ['predict'] });
    await make({ name: 'other', scopes: ['predict'] });
    const last = secret.at(-1) === 'A' ? 'B' : 'A';
    for (const wrong of [
      secret.slice(0, -1) + last,
      secret.replace('phone', 'other'),
      secret.replace('phone', 'none'),
    ])
      expect(await as(wrong)('GET', '/v1/models')).toMatchObject({
        status: 401,
        body: { error: { code: 'api-key-invalid' } },
      });
  });

  it('has a name that no other key has', async () => {
    const { admin, make } = keyed();
    await make({ name: 'phone', scopes: ['predict'] });
    for (const name of ['phone', 'operator'])
      expect(await admin('POST', '/v1/keys', { name, scopes: ['train'] })).toMatchObject({
        status: 409,
        body: { error: { code: 'api-key-exists' } },
      });
    for (const name of ['', 'Phone', 'a/b', '-a', 'x'.repeat(65)])
      expect(await admin('POST', '/v1/keys', { name, scopes: ['train'] })).toMatchObject({ status: 400 });
  });

  it('is made once where many ask at once', async () => {
    const { admin } = keyed();
    const statuses = await Promise.all(
      Array.from(
        { length: 16 },
        async () => (await admin('POST', '/v1/keys', { name: 'one', scopes: ['train'] })).status,
      ),
    );
    expect(statuses.sort()).toEqual([201, ...Array.from({ length: 15 }, () => 409)]);
  });

  it('is refused after it is revoked: here at once, by other processes within seconds', async () => {
    const store = createMemoryStore();
    const [here, there] = [keyed({ store }), keyed({ store })];
    const { secret } = await here.make({ name: 'phone', scopes: ['predict'] });
    expect(await there.as(secret)('GET', '/v1/models')).toMatchObject({ status: 200 });
    expect((await here.admin('DELETE', '/v1/keys/phone')).body).toEqual({
      object: 'api_key',
      name: 'phone',
      deleted: true,
    });
    expect(await here.as(secret)('GET', '/v1/models')).toMatchObject({ status: 401 });
    there.clock.nowMs += KEY_MEMORY_MS;
    expect(await there.as(secret)('GET', '/v1/models')).toMatchObject({ status: 401 });
    expect(await here.admin('DELETE', '/v1/keys/phone')).toMatchObject({ status: 404 });
    // Another key of the name does not bring the old secret back.
    await here.make({ name: 'phone', scopes: ['predict'] });
    expect(await here.as(secret)('GET', '/v1/models')).toMatchObject({ status: 401 });
  });

  it('ends when it was made to end', async () => {
    const { as, admin, make, clock } = keyed();
    const end = Math.floor(clock.nowMs / 1000) + 60;
    const { secret } = await make({ name: 'guest', scopes: ['predict'], expires_at: end });
    expect(await as(secret)('GET', '/v1/models')).toMatchObject({ status: 200 });
    clock.nowMs = end * 1000;
    const { status, body, headers } = await as(secret)('GET', '/v1/models');
    expect([status, body.error.code]).toEqual([401, 'api-key-expired']);
    expect(headers.get('www-authenticate')).toContain('invalid_token');
    expect(
      await admin('POST', '/v1/keys', { name: 'late', scopes: ['predict'], expires_at: end }),
    ).toMatchObject({
      status: 400,
      body: { error: { param: 'expires_at' } },
    });
  });

  it('gets a new secret, beside which the old one is good for as long as is asked', async () => {
    const { as, admin, make, clock } = keyed();
    const { secret: first } = await make({ name: 'phone', scopes: ['predict'] });
    const { body } = await admin('POST', '/v1/keys/phone/rotate', { grace_seconds: 60 });
    const statusOf = async (secret: string) => (await as(secret)('GET', '/v1/models')).status;
    expect([await statusOf(first), await statusOf(body.secret)]).toEqual([200, 200]);
    clock.nowMs += 61_000;
    expect([await statusOf(first), await statusOf(body.secret)]).toEqual([401, 200]);
    // Without a body, as with an empty one.
    const again = (await admin('POST', '/v1/keys/phone/rotate')).body;
    expect([await statusOf(body.secret), await statusOf(again.secret)]).toEqual([401, 200]);
    expect(await admin('POST', '/v1/keys/none/rotate', {})).toMatchObject({ status: 404 });
  });

  it('keeps every secret for its time where it is rotated again, until a rotation without one', async () => {
    const { as, admin, make, clock, store } = keyed();
    const secrets: string[] = [(await make({ name: 'phone', scopes: ['predict'] })).secret];
    const rotate = async (body: object) =>
      secrets.push((await admin('POST', '/v1/keys/phone/rotate', body)).body.secret);
    const statuses = () =>
      Promise.all(secrets.map(async (secret) => (await as(secret)('GET', '/v1/models')).status));
    await rotate({ grace_seconds: 60 });
    clock.nowMs += 30_000;
    await rotate({ grace_seconds: 60 });
    await rotate({ grace_seconds: 60 });
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    clock.nowMs += 31_000;
    expect(await statuses()).toEqual([401, 200, 200, 200]);
    await rotate({ grace_seconds: 60 });
    const record = JSON.parse(new TextDecoder().decode((await store.get(keys.apiKey('phone')))?.body));
    expect(record.older).toHaveLength(2);
    await rotate({});
    expect(await statuses()).toEqual([401, 401, 401, 401, 401, 200]);
  });

  it('whose record is damaged is listed with its problem, and refused as a key that is not known', async () => {
    const { as, admin, make, store, clock } = keyed();
    const { secret } = await make({ name: 'broken', scopes: ['predict'] });
    await make({ name: 'whole', scopes: ['predict'] });
    await store.put(keys.apiKey('broken'), '{"name": 1}');
    await store.put('api-keys/Not a key.txt', 'x');
    const { status, body } = await admin('GET', '/v1/keys');
    expect(status).toBe(200);
    expect(
      body.data.map(({ name, scopes, problem }: AnyJson) => [name, scopes, problem?.code ?? null]),
    ).toEqual([
      ['broken', [], 'record-invalid'],
      ['whole', ['predict'], null],
    ]);
    clock.nowMs += KEY_MEMORY_MS;
    const refused = await as(secret)('GET', '/v1/models');
    expect([refused.status, refused.body.error.code]).toEqual([401, 'api-key-invalid']);
    expect(await admin('DELETE', '/v1/keys/broken')).toMatchObject({ status: 200 });
  });

  it('is refused, and listed with the reason, once the operator has a key of its name', async () => {
    const store = createMemoryStore();
    const { secret } = await keyed({ store }).make({ name: 'phone', scopes: ['predict'] });
    const { as, admin } = keyed({
      store,
      apiKeys: async () => ({ operator: OPERATOR, phone: 'x'.repeat(20) }),
    });
    expect(await as(secret)('GET', '/v1/models')).toMatchObject({ status: 401 });
    expect((await admin('GET', '/v1/keys')).body.data).toMatchObject([
      { name: 'phone', problem: { code: 'api-key-exists' } },
    ]);
  });

  it('is named in the log; its secret is not', async () => {
    const { as, make, logLines } = keyed();
    const { secret } = await make({ name: 'phone', scopes: ['predict'] });
    await as(secret)('GET', '/v1/models');
    expect(JSON.parse(logLines.at(-1) ?? '')).toMatchObject({ message: 'request', client: 'phone' });
    expect(logLines.join('')).not.toContain(secret.slice(-43));
  });

  it('is not made by a server that requires none', async () => {
    const { send } = createTestApp();
    expect(await send('POST', '/v1/keys', { name: 'a', scopes: ['admin'] })).toMatchObject({
      status: 409,
      body: { error: { code: 'api-keys-unused' } },
    });
  });
});

describe('a key that is limited to datasets and models', () => {
  const LIMITS = { scopes: ['train'], datasets: ['fruit', 'shared-*'], models: ['color'] };

  async function limited() {
    const test = keyed();
    await commitColorModel(test.store);
    await test.store.put('models/other/1/manifest.json', '{}');
    for (const dataset of ['fruit', 'secret', 'shared-a'])
      await test.store.put(`datasets/${dataset}/a/1.jpg`, 'x');
    const own = await test.jobs.create({ ...newJob(), dataset: 'fruit', model: 'color' });
    const other = await test.jobs.create({ ...newJob(), dataset: 'secret', model: 'color' });
    const { secret } = await test.make({ name: 'team', ...LIMITS });
    return { ...test, own, other, ask: test.as(secret) };
  }

  it('sees in lists what it may see alone', async () => {
    const { ask, own } = await limited();
    const { body: models } = await ask('GET', '/v1/models');
    expect(models.data.map(({ id }: AnyJson) => id)).toEqual(['color']);
    const { body: datasets } = await ask('GET', '/v1/datasets?limit=2');
    expect(datasets.data.map(({ dataset }: AnyJson) => dataset)).toEqual(['fruit', 'shared-a']);
    const { body: jobs } = await ask('GET', '/v1/fine_tuning/jobs?limit=1');
    expect([jobs.data.map(({ id }: AnyJson) => id), jobs.has_more]).toEqual([[own.id], false]);
  });

  it('is refused elsewhere, by path and by body', async () => {
    const { ask, own, other } = await limited();
    const job = { model: 'small_cnn', training_file: 'fruit', suffix: 'color' };
    const upload = { purpose: 'fine-tune', filename: 'secret/a/1.jpg', bytes: 1, mime_type: 'image/jpeg' };
    const refused: readonly (readonly [string, string, unknown?])[] = [
      ['GET', '/v1/models/other'],
      ['GET', '/v1/models/other:1'],
      ['GET', '/v1/models/%6fther/report'],
      ['POST', '/v1/models/other/predict', {}],
      ['PUT', '/v1/models/other/aliases/live', { version: '1' }],
      ['GET', '/v1/models/other/compare?versions=1,2'],
      ['GET', '/v1/datasets/secret'],
      ['PUT', '/v1/datasets/secret/a/2.jpg', {}],
      ['GET', '/v1/datasets/secret/files/content?path=a/1.jpg'],
      ['POST', '/v1/datasets/secret/files/move', { paths: ['a/1.jpg'], class: 'b' }],
      ['POST', '/v1/datasets/secret/uploads', {}],
      ['GET', '/v1/datasets/secret/snapshots'],
      ['GET', `/v1/fine_tuning/jobs/${other.id}`],
      ['POST', `/v1/fine_tuning/jobs/${other.id}/cancel`],
      ['GET', `/v1/fine_tuning/jobs/${other.id}/events`],
      ['POST', `/v1/fine_tuning/jobs/${other.id}/pause`],
      ['POST', `/v1/fine_tuning/jobs/${other.id}/checkpoints/ftckpt-1/model`],
      ['DELETE', `/v1/fine_tuning/jobs/${other.id}`],
      ['POST', '/v1/fine_tuning/jobs', { ...job, training_file: 'secret' }],
      ['POST', '/v1/fine_tuning/jobs', { ...job, suffix: 'other' }],
      ['POST', '/v1/models', { name: 'other', architecture: 'small_cnn', labels: ['a', 'b'] }],
      ['POST', '/v1/uploads', upload],
      ['POST', '/v1/batches', { model: 'other', input_prefix: 'inputs/a/' }],
      ['POST', '/v1/batches', { model: 'none', input_prefix: 'inputs/a/' }],
      ['GET', '/v1/workers'],
    ];
    for (const [method, path, body] of refused) {
      const answer = await ask(method, path, body);
      expect([path, answer.status, answer.body.error?.code]).toEqual([path, 403, 'key-limited']);
    }
    for (const path of ['/v1/models/color:1', '/v1/datasets/shared-a', `/v1/fine_tuning/jobs/${own.id}`])
      expect([path, (await ask('GET', path)).status]).toEqual([path, 200]);
  });

  it('is told of no names in errors that lists hide', async () => {
    const test = await limited();
    const { secret } = await test.make({
      name: 'wide',
      scopes: ['train'],
      datasets: ['f*', 'new-*'],
      models: ['c*'],
    });
    const ask = test.as(secret);
    const job = { model: 'small_cnn', training_file: 'new-one', suffix: 'color' };
    for (const [answer, kind, seen] of [
      [await ask('GET', '/v1/models/cat'), 'model', ['color']],
      [await ask('POST', '/v1/models/cat/predict', { image: 'eA==' }), 'model', ['color']],
      [await ask('GET', '/v1/datasets/new-one'), 'dataset', ['fruit']],
      [await ask('GET', '/v1/datasets/new-one/files'), 'dataset', ['fruit']],
      [await ask('POST', '/v1/fine_tuning/jobs', job), 'dataset', ['fruit']],
    ] as const) {
      const { code, message, details } = answer.body.error;
      expect([code, details[`${kind}s`]]).toEqual([`${kind}-not-found`, seen]);
      expect(message).not.toMatch(/other|secret|shared-a/);
    }
    expect((await test.admin('GET', '/v1/models/cat')).body.error.details.models).toEqual(['color', 'other']);
  });

  it('is in the audit log where a job was refused to it', async () => {
    const { ask, admin, other, clock } = await limited();
    clock.nowMs += 1000;
    await ask('DELETE', `/v1/fine_tuning/jobs/${other.id}`);
    clock.nowMs += 1000;
    await ask('POST', `/v1/fine_tuning/jobs/${other.id}/pause`);
    const entry = { key: 'team', status: 403, target: { fine_tuning_job_id: other.id, dataset: 'secret' } };
    expect((await admin('GET', '/v1/audit?limit=2')).body.data).toMatchObject([
      { ...entry, operation: 'pauseFineTuningJob' },
      { ...entry, operation: 'deleteFineTuningJob' },
    ]);
  });

  it('is named in the jobs that it makes, also of checkpoints', async () => {
    const { ask, own, store, jobs } = await limited();
    const header = { stage: 'full', epoch: 1, isFinished: false, history: [] };
    await store.put(keys.jobCheckpoint(own.id, 1), encodeCheckpoint({ header, tensors: new Map() }));
    const made = await ask('POST', `/v1/fine_tuning/jobs/${own.id}/checkpoints/ftckpt-1/model`);
    expect((await jobs.get(made.body.id))?.createdBy).toBe('team');
  });

  it('cannot have scope admin, which would make keys without limits', async () => {
    const { admin } = keyed();
    expect(await admin('POST', '/v1/keys', { name: 'a', scopes: ['admin'], models: ['x'] })).toMatchObject({
      status: 400,
      body: { error: { param: 'scopes' } },
    });
  });
});

it('a key with scope predict gets no link to write into a dataset', async () => {
  const { as, make } = keyed();
  const { secret } = await make({ name: 'phone', scopes: ['predict'] });
  const upload = { purpose: 'fine-tune', filename: 'fruit/a/1.jpg', bytes: 1, mime_type: 'image/jpeg' };
  expect(await as(secret)('POST', '/v1/uploads', upload)).toMatchObject({
    status: 403,
    body: { error: { code: 'scope-missing' } },
  });
});

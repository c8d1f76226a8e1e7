import { describe, expect, it } from 'vitest';
import { keys } from '../../../core/storage/keys.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const OPERATOR = 'the-key-of-the-operator';

function audited() {
  const test = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }) });
  const as =
    (secret: string) =>
    (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      test.send(method, path, body, { authorization: `Bearer ${secret}`, ...headers });
  return { ...test, as, ask: as(OPERATOR) };
}

async function putPicture({ app }: TestApp, path: string, secret = OPERATOR) {
  const headers = { authorization: `Bearer ${secret}` };
  return readAnswer(await app.request(path, { method: 'PUT', headers, body: await colorPicture('red') }));
}

describe('the audit log', () => {
  it('says who did what to which thing, and how it ended; newest first, in pages', async () => {
    const test = audited();
    const { ask, as, clock } = test;
    const { body } = await ask(
      'POST',
      '/v1/keys',
      { name: 'lab', scopes: ['train'] },
      { 'x-request-id': 'first' },
    );
    clock.nowMs += 5000;
    await putPicture(test, '/v1/datasets/fruit/apple/secret-face.jpg', body.secret);
    clock.nowMs += 5000;
    await as(body.secret)('DELETE', '/v1/keys/lab');
    const first = (await ask('GET', '/v1/audit?limit=2')).body;
    expect(first).toMatchObject({
      object: 'list',
      has_more: true,
      data: [
        { object: 'audit.entry', key: 'lab', operation: 'revokeKey', target: { key: 'lab' }, status: 403 },
        {
          key: 'lab',
          operation: 'putDatasetFile',
          target: { dataset: 'fruit', class: 'apple' },
          status: 200,
        },
      ],
    });
    expect(first.data[0].created_at - first.data[1].created_at).toBe(5);
    const rest = (await ask('GET', `/v1/audit?after=${first.data[1].id}`)).body;
    expect(rest).toMatchObject({
      has_more: false,
      data: [
        { key: 'operator', operation: 'createKey', target: { key: 'lab' }, status: 201, request_id: 'first' },
      ],
    });
  });

  it('has no names of pictures, no bodies and no secrets', async () => {
    const test = audited();
    const { ask, store } = test;
    const { body } = await ask('POST', '/v1/keys', { name: 'lab', scopes: ['train'] });
    await putPicture(test, '/v1/datasets/fruit/apple/secret-face.jpg');
    const job = {
      model: 'small_cnn',
      training_file: 'fruit',
      suffix: 'juice',
      metadata: { note: 'private' },
    };
    await ask('POST', '/v1/fine_tuning/jobs', job);
    let all = '';
    for await (const { key } of store.list(keys.audit()))
      all += new TextDecoder().decode((await store.get(key))?.body);
    expect(all).toMatch(/"dataset": "fruit",\s*"model": "juice"/);
    for (const text of ['secret-face', 'private', body.secret]) expect(all).not.toContain(text);
  });

  it('leaves out what only reads, predictions and links for them', async () => {
    const { ask, store } = audited();
    await commitColorModel(store);
    await ask('GET', '/v1/models');
    await ask('POST', '/v1/models/color/predict', { image: 'x' });
    await ask('POST', '/v1/plans', { model: 'small_cnn' });
    await ask('POST', '/v1/uploads', { purpose: 'predict', bytes: 1, mime_type: 'image/jpeg' });
    expect((await ask('GET', '/v1/audit')).body.data).toEqual([]);
    const upload = { purpose: 'fine-tune', filename: 'fruit/apple/1.jpg', bytes: 1, mime_type: 'image/jpeg' };
    await ask('POST', '/v1/uploads', upload);
    expect((await ask('GET', '/v1/audit')).body.data).toMatchObject([
      { operation: 'createUpload', target: { dataset: 'fruit' } },
    ]);
  });

  it('does not undo a request that it cannot record, and says so in the log', async () => {
    const test = createTestApp();
    const put = test.store.put.bind(test.store);
    test.store.put = async (key, body, options) => {
      if (key.startsWith(keys.audit())) throw new Error('no room');
      return put(key, body, options);
    };
    expect(await putPicture(test, '/v1/datasets/fruit/apple/1.jpg')).toMatchObject({ status: 200 });
    expect(test.logLines.join('')).toContain('missing from the audit log');
  });
});

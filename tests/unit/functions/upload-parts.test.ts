// Files in parts, in the shape of OpenAI's uploads: what the parts become, and what is refused.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { colorPicture } from '../../support/color-model.ts';
import { type AnyJson, createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const UPLOADS = '/v1/uploads';
const TEXT = 'one\ntwo\nthree\n';
const BEGIN = { bytes: TEXT.length, filename: 'list.jsonl', mime_type: 'text/jsonl', purpose: 'batch' };

async function addPart(
  { app }: TestApp,
  id: string,
  content: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const form = new FormData();
  form.append('data', new Blob([content]), 'blob');
  return readAnswer(await app.request(`${UPLOADS}/${id}/parts`, { method: 'POST', body: form, headers }));
}
const begin = async (test: TestApp, body: object = {}) =>
  (await test.send('POST', UPLOADS, { ...BEGIN, ...body })).body;
const end = (test: TestApp, id: string, body: AnyJson) =>
  test.send('POST', `${UPLOADS}/${id}/complete`, body);

async function keysOf({ store }: TestApp): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('files/')) found.push(key);
  return found;
}

describe('an upload in parts', () => {
  it('becomes a file of the parts that its end names, in their order', async () => {
    const test = createTestApp();
    const upload = await begin(test, { expires_after: { anchor: 'created_at', seconds: 3600 } });
    const nowSeconds = Math.floor(test.clock.nowMs / 1000);
    expect(upload).toEqual({
      id: expect.stringMatching(/^upload-/),
      object: 'upload',
      bytes: TEXT.length,
      created_at: nowSeconds,
      expires_at: nowSeconds + 3600,
      filename: 'list.jsonl',
      purpose: 'batch',
      status: 'pending',
      file: null,
    });
    const second = (await addPart(test, upload.id, TEXT.slice(5))).body;
    const unused = (await addPart(test, upload.id, 'unused')).body;
    const first = (await addPart(test, upload.id, TEXT.slice(0, 5))).body;
    expect(first).toEqual({
      id: expect.stringMatching(/^part_/),
      object: 'upload.part',
      created_at: nowSeconds,
      upload_id: upload.id,
    });
    expect(unused.id).not.toBe(first.id);
    const part_ids = [first.id, second.id];
    const md5 = createHash('md5').update(TEXT).digest('hex').toUpperCase();
    const { body: done } = await end(test, upload.id, { part_ids, md5 });
    const file = { object: 'file', bytes: TEXT.length, filename: 'list.jsonl', purpose: 'batch' };
    expect(done).toMatchObject({ id: upload.id, status: 'completed', file });
    expect(done.file.expires_at).toBe(nowSeconds + 3600);
    const content = await test.app.request(`/v1/files/${done.file.id}/content`);
    expect(await content.text()).toBe(TEXT);
    // Nothing of the parts stays, and the end may be asked for again.
    expect((await keysOf(test)).filter((key) => key.includes('/parts/'))).toEqual([]);
    expect((await end(test, upload.id, { part_ids })).body.file.id).toBe(done.file.id);
    expect(await addPart(test, upload.id, 'x')).toMatchObject({
      status: 409,
      body: { error: { code: 'upload-closed', param: 'upload_id' } },
    });
    expect((await test.send('POST', `${UPLOADS}/${upload.id}/cancel`)).status).toBe(409);
  });

  it('is cancelled, and its parts are erased', async () => {
    const test = createTestApp();
    const { id } = await begin(test);
    const part = (await addPart(test, id, TEXT)).body.id;
    for (const _ of ['once', 'twice'])
      expect((await test.send('POST', `${UPLOADS}/${id}/cancel`)).body).toMatchObject({
        status: 'cancelled',
        file: null,
      });
    expect(await keysOf(test)).toEqual([`files/unfinished/${id}/upload.json`]);
    expect((await end(test, id, { part_ids: [part] })).body.error.code).toBe('upload-closed');
  });

  it('takes no part after an hour', async () => {
    const test = createTestApp();
    const { id } = await begin(test);
    const part = (await addPart(test, id, TEXT)).body.id;
    test.clock.nowMs += 3600 * 1000;
    expect((await addPart(test, id, 'x')).body.error.message).toContain('has expired');
    expect((await end(test, id, { part_ids: [part] })).body.error.code).toBe('upload-closed');
  });

  it('makes one file where its end is asked for twice at once', async () => {
    const test = createTestApp();
    const { id } = await begin(test);
    const part_ids = [(await addPart(test, id, TEXT)).body.id];
    const ends = await Promise.all([end(test, id, { part_ids }), end(test, id, { part_ids })]);
    const ids = new Set(ends.map(({ body }) => body.file.id));
    expect([ids.size, ends.map(({ status }) => status)]).toEqual([1, [200, 200]]);
    expect((await test.send('GET', '/v1/files')).body.data.map((file: AnyJson) => file.id)).toEqual([...ids]);
  });

  it.each([
    ['too few bytes', (id: string) => ({ part_ids: [id] }), 'part_ids'],
    ['a part that there is not', () => ({ part_ids: [`part_${'0'.repeat(32)}`] }), 'part_ids'],
    ['another hash', (id: string) => ({ part_ids: [id, id], md5: '0'.repeat(32) }), 'md5'],
  ])('rejects %s at its end, and keeps no file', async (_, body, param) => {
    const test = createTestApp();
    const { id } = await begin(test, { bytes: 2 });
    const part = (await addPart(test, id, 'x')).body.id;
    expect(await end(test, id, body(part))).toMatchObject({
      status: 400,
      body: { error: { code: 'upload-parts-invalid', param } },
    });
    expect((await keysOf(test)).every((key) => key.startsWith('files/unfinished/'))).toBe(true);
  });

  it('rejects more bytes than the file can need, an empty part, and ids of another form', async () => {
    const test = createTestApp();
    const { id } = await begin(test, { bytes: 2 });
    expect((await addPart(test, id, 'xxxxx')).body.error).toMatchObject({
      code: 'upload-parts-invalid',
      param: 'data',
    });
    expect((await addPart(test, id, '')).body.error.code).toBe('upload-parts-invalid');
    expect((await end(test, id, { part_ids: ['../upload.json'] })).body.error.code).toBe('request-invalid');
    const form = new FormData();
    form.append('data', new Blob(['x']), 'blob');
    form.append('other', '1');
    const response = await test.app.request(`${UPLOADS}/${id}/parts`, { method: 'POST', body: form });
    expect((await readAnswer(response)).body.error.code).toBe('request-invalid');
    expect(await addPart(test, 'upload-none', 'x')).toMatchObject({
      status: 404,
      body: { error: { code: 'upload-not-found' } },
    });
  });

  it('makes a dataset of an archive, and needs the scope train for it', async () => {
    const { zipSync } = await import('fflate');
    const archive = Uint8Array.from(
      zipSync({ 'red/1.png': await colorPicture('red'), 'blue/1.png': await colorPicture('blue') }),
    );
    const test = createTestApp({ apiKeys: async () => ({ operator: 'operator' }) });
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
    const { secret } = (
      await test.send('POST', '/v1/keys', { name: 'predicts', scopes: ['predict'] }, bearer('operator'))
    ).body;
    const request = {
      bytes: archive.length,
      filename: 'colors.zip',
      mime_type: 'application/zip',
      purpose: 'fine-tune',
    };
    expect((await test.send('POST', UPLOADS, request, bearer(secret))).body.error.code).toBe('scope-missing');
    const { id } = (await test.send('POST', UPLOADS, request, bearer('operator'))).body;
    const part_ids: string[] = [];
    for (let at = 0; at < archive.length; at += 100)
      part_ids.push((await addPart(test, id, archive.slice(at, at + 100), bearer('operator'))).body.id);
    // It is that of the key that began it.
    expect((await addPart(test, id, 'x', bearer(secret))).body.error.code).toBe('upload-not-found');
    const { body } = await test.send('POST', `${UPLOADS}/${id}/complete`, { part_ids }, bearer('operator'));
    expect(body.file).toMatchObject({ purpose: 'fine-tune', bytes: archive.length });
    expect(
      (await test.send('GET', `/v1/datasets/${body.file.id}`, undefined, bearer('operator'))).body,
    ).toMatchObject({
      classes: [{ label: 'blue' }, { label: 'red' }],
    });
  });
});

describe('POST /v1/uploads', () => {
  it.each([
    ['a link for a picture', { bytes: 1, mime_type: 'image/png' }, true],
    ['a link for a picture with a name alone', { bytes: 1, filename: '1.png' }, true],
    [
      'a link for a model with a name',
      { bytes: 1, purpose: 'model', filename: 'a.zip', mime_type: 'application/zip' },
      true,
    ],
    [
      'a link for a place in a dataset',
      { bytes: 1, purpose: 'fine-tune', filename: 'a/b/1.png', mime_type: 'image/png' },
      true,
    ],
    [
      'parts for a picture, as OpenAI asks',
      { bytes: 1, purpose: 'vision', filename: '1.png', mime_type: 'image/png' },
      false,
    ],
    [
      'parts for an archive',
      { bytes: 1, purpose: 'fine-tune', filename: 'a.zip', mime_type: 'application/zip' },
      false,
    ],
    [
      'parts for other data',
      { bytes: 1, purpose: 'user_data', filename: 'a.txt', mime_type: 'text/plain' },
      false,
    ],
  ])('gives %s', async (_, request, isLink) => {
    const { status, body } = await createTestApp().send('POST', UPLOADS, request);
    expect([status, 'url' in body, 'file' in body]).toEqual([200, isLink, !isLink]);
  });

  it.each([
    ['no name', { bytes: 1, purpose: 'batch' }, 400, 'request-invalid', 'filename'],
    ['more than a batch may have', { ...BEGIN, bytes: 300_000_000 }, 413, 'file-too-large', 'bytes'],
    [
      'an end for a link',
      { bytes: 1, expires_after: { anchor: 'created_at', seconds: 3600 } },
      400,
      'request-invalid',
      'expires_after',
    ],
  ])('rejects parts with %s', async (_, request, status, code, param) => {
    expect(await createTestApp().send('POST', UPLOADS, request)).toMatchObject({
      status,
      body: { error: { code, param } },
    });
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const UPLOADS = '/v1/uploads';
const PREDICT = '/v1/models/color/predict';

describe('POST /v1/uploads', () => {
  let test: TestApp;
  let red: Uint8Array<ArrayBuffer>;
  let blue: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    red = await colorPicture('red');
    blue = await colorPicture('blue', 'jpeg');
    const sum = red.byteLength + blue.byteLength;
    test = createTestApp({
      apiKeys: async () => ({ default: 'key' }),
      limits: {
        predictBodyBytes: 500,
        uploadBytes: sum - 1,
        predictUploadBytes: sum,
        imagesPerRequest: 3,
      },
    });
    await commitColorModel(test.store);
  });
  const send = (path: string, body: unknown) =>
    test.send('POST', path, body, { authorization: 'Bearer key' });
  const put = ({ url, method, headers }: AnyJson, body: Uint8Array<ArrayBuffer>) =>
    test.app.request(url, { method, headers, body });
  async function upload(picture: Uint8Array<ArrayBuffer>): Promise<string> {
    const { body } = await send(UPLOADS, { bytes: picture.byteLength, mime_type: 'image/png' });
    expect((await put(body, picture)).status).toBe(200);
    return body.key;
  }

  it('gives a link that needs no API key, and a key to predict by', async () => {
    const { status, body } = await send(UPLOADS, { bytes: red.byteLength, mime_type: 'image/png' });
    const nowSeconds = Math.floor(test.clock.nowMs / 1000);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        id: expect.stringMatching(/^upload-/),
        object: 'upload',
        bytes: red.byteLength,
        created_at: nowSeconds,
        expires_at: nowSeconds + 900,
        filename: null,
        purpose: 'vision',
        status: 'pending',
        key: `uploads/${body.id}`,
        method: 'PUT',
        url: expect.stringMatching(/^http:\/\/localhost\/uploads\//),
        headers: { 'content-type': 'image/png', 'if-none-match': '*' },
      },
    });
    expect(await (await put(body, red)).json()).toEqual({
      object: 'upload.received',
      key: body.key,
      bytes: red.byteLength,
    });
    expect(await send(PREDICT, { image_key: body.key })).toMatchObject({
      status: 200,
      body: { object: 'prediction', label: 'red' },
    });
  });

  it('leads to the address that the client knows, behind a trusted proxy', async () => {
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'fovea.example.com' };
    for (const [trustsProxy, start] of [
      [true, 'https://fovea.example.com/uploads/'],
      [false, 'http://localhost/uploads/'],
    ] as const) {
      const behind = createTestApp({ trustsProxy });
      const { body } = await behind.send('POST', UPLOADS, { bytes: 3 }, forwarded);
      expect(body.url.slice(0, start.length)).toBe(start);
    }
  });

  it('predicts many uploads as a list', async () => {
    const image_keys = [await upload(red), await upload(blue)];
    const { body } = await send(PREDICT, { image_keys });
    expect(body).toMatchObject({ object: 'list', data: [{ label: 'red' }, { label: 'blue' }] });
  });

  it('gives a link for a picture of a dataset', async () => {
    const { body } = await send(UPLOADS, {
      bytes: red.byteLength,
      purpose: 'fine-tune',
      filename: 'fruit/train/banana/1.png',
    });
    expect(body.key).toBe('datasets/fruit/train/banana/1.png');
    expect((await put(body, red)).status).toBe(200);
    expect((await test.store.head(body.key))?.sizeBytes).toBe(red.byteLength);
  });

  it('tells a client whose body is too large how to upload the picture', async () => {
    const response = await test.app.request(PREDICT, {
      method: 'POST',
      body: new Uint8Array(501),
      headers: { authorization: 'Bearer key' },
    });
    expect(response.status).toBe(413);
    const { error }: AnyJson = await response.json();
    expect(error.message).toContain('POST /v1/uploads');
  });

  it.each([
    ['more bytes than a picture may have', { bytes: 100_000 }, 413, 'image-too-large', null],
    ['no bytes', { bytes: 0 }, 400, 'request-invalid', 'bytes'],
    ['no size', {}, 400, 'request-invalid', 'bytes'],
    ['a type that is no picture', { bytes: 1, mime_type: 'text/html' }, 400, 'request-invalid', 'mime_type'],
    ['no place in a dataset', { bytes: 1, purpose: 'fine-tune' }, 400, 'request-invalid', 'filename'],
    [
      'a dataset alone',
      { bytes: 1, purpose: 'fine-tune', filename: 'fruit' },
      400,
      'request-invalid',
      'filename',
    ],
    [
      'a place outside of it',
      { bytes: 1, purpose: 'fine-tune', filename: 'fruit/../jobs/x' },
      400,
      'dataset-name-invalid',
      'filename',
    ],
    [
      'a dataset and a file',
      { bytes: 1, purpose: 'fine-tune', filename: 'fruit/1.jpg' },
      400,
      'request-invalid',
      'filename',
    ],
  ])('rejects %s', async (_, request, status, code, param) => {
    expect(await send(UPLOADS, request)).toMatchObject({ status, body: { error: { code, param } } });
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://example.com/a.jpg',
    'file:///etc/passwd',
    'jobs/ftjob-1/job.json',
    'uploads/../jobs/ftjob-1/job.json',
    'uploads/',
    'uploads/upload-..',
  ])('rejects %s as a key, and reads nothing', async (image_key) => {
    expect(await send(PREDICT, { image_key })).toMatchObject({
      status: 400,
      body: { error: { code: 'image-key-invalid', param: 'image_key' } },
    });
  });

  it('rejects an upload whose bytes were not sent; among many it has an error of its own', async () => {
    const { body } = await send(UPLOADS, { bytes: 3 });
    expect(await send(PREDICT, { image_key: body.key })).toMatchObject({
      status: 404,
      body: { error: { code: 'upload-not-found', param: 'image_key' } },
    });
    const image_keys = [body.key, await upload(red), 'jobs/x'];
    expect(await send(PREDICT, { image_keys })).toMatchObject({
      status: 200,
      body: {
        data: [
          { index: 0, error: { code: 'upload-not-found', param: 'image_keys.0' } },
          { index: 1, label: 'red' },
          { index: 2, error: { code: 'image-key-invalid', param: 'image_keys.2' } },
        ],
      },
    });
  });

  it('rejects more pictures, and more bytes, than one prediction may read', async () => {
    const key = await upload(blue);
    const other = await upload(red);
    expect(await send(PREDICT, { image_keys: [key, key, key, key] })).toMatchObject({
      status: 400,
      body: { error: { code: 'too-many-images' } },
    });
    expect(await send(PREDICT, { image_keys: [key, other, key] })).toMatchObject({
      status: 413,
      body: { error: { code: 'uploads-too-large' } },
    });
  });

  it('rejects a request that names its picture twice', async () => {
    expect(await send(PREDICT, { image: 'aaaa', image_key: 'uploads/x' })).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid' } },
    });
  });
});

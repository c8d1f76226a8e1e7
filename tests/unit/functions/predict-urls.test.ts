// Predictions of pictures at addresses. What may be fetched is tested with the fetcher, in tests/unit/remote.

import { beforeEach, describe, expect, it } from 'vitest';
import { FoveaError } from '../../../core/errors/errors.ts';
import type { FetchPicture } from '../../../core/remote/fetch-picture.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, type TestApp, type TestAppOptions } from '../../support/test-app.ts';

const PREDICT = '/v1/models/color/predict';
const MISSING = 'https://pictures.test/none.png';

let asked: string[];
const fetchPicture: FetchPicture = async (url, { onBytes }) => {
  asked.push(url);
  if (url === MISSING) throw new FoveaError('image-url-unreachable', 'Nothing came.');
  const picture = url.endsWith('.txt') ? Buffer.from('text') : await colorPicture('red');
  onBytes(picture.byteLength);
  return picture;
};

async function start(options: TestAppOptions = { fetchPicture }): Promise<TestApp> {
  const test = createTestApp(options);
  await commitColorModel(test.store);
  return test;
}
beforeEach(() => {
  asked = [];
});

describe('a prediction by URL', () => {
  it('answers for one picture', async () => {
    const test = await start();
    const { status, body } = await test.send('POST', PREDICT, { image_url: 'https://pictures.test/1.png' });
    expect([status, body.object, body.label]).toEqual([200, 'prediction', 'red']);
  });

  it('answers for many in their order, each with its own error', async () => {
    const test = await start();
    const urls = [MISSING, 'https://pictures.test/1.png', 'https://pictures.test/1.txt'];
    const { status, body } = await test.send('POST', PREDICT, { image_urls: urls });
    const outcomes = body.data.map(
      ({ label, error }: { label?: string; error?: { code: string } }) => label ?? error?.code,
    );
    expect([status, outcomes]).toEqual([200, ['image-url-unreachable', 'red', 'image-unsupported']]);
    expect(body.data[0].error.param).toBe('image_urls.0');
    const single = await test.send('POST', PREDICT, { image_url: MISSING });
    expect([single.status, single.body.error.param]).toEqual([422, 'image_url']);
  });

  it('asks nobody unless the operator allows it', async () => {
    const test = await start({});
    for (const named of [{ image_url: MISSING }, { image_urls: [MISSING] }]) {
      const { status, body } = await test.send('POST', PREDICT, named);
      expect([status, body.error.code]).toEqual([403, 'image-url-refused']);
      expect(body.error.message).toMatch(/--image-urls.*fovea:imageUrls/);
    }
    expect(asked).toEqual([]);
  });

  it('counts in the memory for bodies, and in the sum of one request', async () => {
    const urls = ['https://pictures.test/1.png', 'https://pictures.test/2.png'];
    const { byteLength } = await colorPicture('red');
    const small = await start({ fetchPicture, limits: { predictUploadBytes: byteLength } });
    expect((await small.send('POST', PREDICT, { image_urls: urls })).body.error).toMatchObject({
      code: 'uploads-too-large',
      param: 'image_urls.0',
    });
    const body = JSON.stringify({ image_urls: urls }).length;
    const busy = await start({ fetchPicture, limits: { bytesInFlight: body + byteLength } });
    expect((await busy.send('POST', PREDICT, { image_urls: urls })).body.error.code).toBe('server-busy');
    expect((await busy.send('POST', PREDICT, { image_url: urls[0] })).status).toBe(200);
  });

  it('takes no more pictures than a request may have', async () => {
    const test = await start({ fetchPicture, limits: { imagesPerRequest: 1 } });
    const { body } = await test.send('POST', PREDICT, { image_urls: [MISSING, MISSING] });
    expect([body.error.code, asked]).toEqual(['too-many-images', []]);
  });
});

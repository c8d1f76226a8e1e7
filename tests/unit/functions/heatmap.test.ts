import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { commitModel } from '../../../core/model/commit-model.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { colorManifest, colorOnnx, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const PREDICT = '/v1/models/color/predict';

/** Red on the left, blue on the right. */
async function twoColors(): Promise<Uint8Array<ArrayBuffer>> {
  const red = await colorPicture('red');
  const blue = await colorPicture('blue');
  const canvas = sharp({ create: { width: 64, height: 24, channels: 3, background: 'black' } });
  const both = canvas.composite([
    { input: Buffer.from(red), left: 0, top: 0 },
    { input: Buffer.from(blue), left: 32, top: 0 },
  ]);
  return new Uint8Array(await both.png().toBuffer());
}

describe('heatmap', () => {
  let test: TestApp;
  let picture: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    test = createTestApp();
    await commitColorModel(test.store);
    picture = await twoColors();
  });

  const ask = async (query: string, body: NonNullable<RequestInit['body']> = picture) =>
    test.app.request(`${PREDICT}?${query}`, { method: 'POST', body });
  const askJson = async (query: string, body?: NonNullable<RequestInit['body']>) =>
    readAnswer(await ask(query, body));

  it('shows where each class is, by default at twice the input size', async () => {
    const { body } = await askJson('heatmap=red');
    const { label, index, rows, columns, values, window_height, window_width } = body.heatmap;
    expect([label, index, rows, columns]).toEqual(['red', 0, 9, 9]);
    expect([window_height, window_width]).toEqual([0.5, 0.5]);
    for (const row of values) {
      expect(row[0]).toBeGreaterThan(0.99);
      expect(row[8]).toBeLessThan(0.01);
    }
    expect(body.timing_ms.heatmap).toBeGreaterThan(0);
    const blue = (await askJson('heatmap=2')).body.heatmap;
    expect([blue.label, blue.values[4][8] > 0.99]).toEqual(['blue', true]);
  });

  it('gives at the original size the one value that the classifier gives', async () => {
    for (const [index, label] of ['red', 'green', 'blue'].entries()) {
      const { body } = await askJson(`heatmap=${label}&heatmap_scale=1`);
      expect([body.heatmap.rows, body.heatmap.columns]).toEqual([1, 1]);
      const score = body.predictions.find(
        (prediction: { index: number }) => prediction.index === index,
      ).score;
      expect(Math.abs(body.heatmap.values[0][0] - score)).toBeLessThan(1e-5);
    }
  });

  it('takes the likeliest class of each of many pictures, and gives one that cannot be read an error', async () => {
    const form = new FormData();
    form.append('a', new File([await colorPicture('green')], 'a.png'));
    form.append('b', new File([new TextEncoder().encode('no picture')], 'b.png'));
    form.append('c', new File([await colorPicture('blue')], 'c.png'));
    const { body } = await askJson('heatmap=top', form);
    expect(body.data.map((entry: { heatmap?: { label: string } }) => entry.heatmap?.label)).toEqual([
      'green',
      undefined,
      'blue',
    ]);
  });

  it('draws the map over the picture in its own shape', async () => {
    const response = await ask('heatmap=blue&heatmap_format=png');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    const { data, info } = await sharp(await response.arrayBuffer())
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([64, 24]);
    const pixel = (x: number) => [...data.subarray((12 * 64 + x) * 3, (12 * 64 + x) * 3 + 3)];
    // Cold: the picture's red. Hot: the ramp's light yellow over blue.
    expect(pixel(2)).toEqual([240, 20, 20]);
    expect(pixel(61).every((value) => value > 100)).toBe(true);
  });

  it('draws over a HEIC picture, too', async () => {
    const heic = readFileSync(new URL('../../fixtures/heic/orientation-6.heic', import.meta.url));
    const response = await ask('heatmap=top&heatmap_format=png', new Uint8Array(heic));
    expect(response.status).toBe(200);
    expect(await sharp(await response.arrayBuffer()).metadata()).toMatchObject({ width: 64, height: 96 });
  });

  it.each([
    ['heatmap=purple', 400, 'label-unknown'],
    ['heatmap=3', 400, 'label-unknown'],
    ['heatmap=top&heatmap_scale=0.5', 400, 'request-invalid'],
    ['heatmap=top&heatmap_scale=5', 400, 'request-invalid'],
    ['heatmap=top&heatmap_format=gif', 400, 'request-invalid'],
  ])('rejects %s', async (query, expectedStatus, code) => {
    const { status, body } = await askJson(query);
    expect([status, body.error.code]).toEqual([expectedStatus, code]);
  });

  it('rejects a PNG for many pictures, and for a file that is not a picture', async () => {
    const form = new FormData();
    form.append('a', new File([picture], 'a.png'));
    form.append('b', new File([picture], 'b.png'));
    const many = await askJson('heatmap=top&heatmap_format=png', form);
    expect([many.status, many.body.error.param]).toEqual([400, 'heatmap_format']);
    const broken = await askJson('heatmap=top&heatmap_format=png', new TextEncoder().encode('no picture'));
    expect([broken.status, broken.body.error.code]).toEqual([415, 'image-unsupported']);
  });

  it('rejects models without a heatmap file', async () => {
    const store = createMemoryStore();
    const onnx = colorOnnx();
    await commitModel(store, colorManifest(onnx), new Map([['model.onnx', onnx]]));
    const { app } = createTestApp({ store });
    const response = await app.request(`${PREDICT}?heatmap=top`, { method: 'POST', body: picture });
    const { status, body } = await readAnswer(response);
    expect([status, body.error.code]).toEqual([409, 'heatmap-unavailable']);
  });
});

// Predictions of pictures that lie in datasets, named by their places; and whether a prediction had to load its model.

import { beforeEach, describe, expect, it } from 'vitest';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const PREDICT = '/v1/models/color/predict';

let test: TestApp;
beforeEach(async () => {
  test = createTestApp();
  await commitColorModel(test.store);
  await test.store.put('datasets/paint/reds/1.png', await colorPicture('red'));
  await test.store.put('datasets/paint/train/blues/2.jpg', await colorPicture('blue', 'jpeg'));
});

describe('a prediction by places in datasets', () => {
  it('answers for one picture', async () => {
    const { status, body } = await test.send('POST', PREDICT, { dataset_file: 'paint/reds/1.png' });
    expect([status, body.object, body.label]).toEqual([200, 'prediction', 'red']);
  });

  it('answers for many, each with its name or its error', async () => {
    const places = ['paint/train/blues/2.jpg', 'paint/reds/none.png', 'paint/reds/1.png'];
    const { status, body } = await test.send('POST', PREDICT, { dataset_files: places });
    expect(status).toBe(200);
    expect(
      body.data.map(({ file, label, error }: { file: string; label?: string; error?: { code: string } }) => [
        file,
        label ?? error?.code,
      ]),
    ).toEqual([
      ['2.jpg', 'blue'],
      ['none.png', 'dataset-file-not-found'],
      ['1.png', 'red'],
    ]);
  });

  it.each([
    'paint/1.png',
    '../models/color/1/model.onnx',
    'paint//1.png',
    'paint/../x/1.png',
    'a/b/c/d/e.png',
    '',
  ])('refuses %j, and reads nothing else', async (place) => {
    const { status, body } = await test.send('POST', PREDICT, { dataset_file: place });
    expect([status, body.error.code, body.error.param]).toEqual([
      404,
      'dataset-file-not-found',
      'dataset_file',
    ]);
  });
});

describe('timing_ms', () => {
  it('says whether the request loaded the model', async () => {
    const ask = async () =>
      (await test.send('POST', PREDICT, { dataset_file: 'paint/reds/1.png' })).body.timing_ms.cold;
    expect([await ask(), await ask()]).toEqual([true, false]);
  });
});

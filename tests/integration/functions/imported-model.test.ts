// A published classifier, imported over HTTP and asked through the real app, against Keras with the same file.
//
// Source of the numbers: make-keras-answers.py with Keras 3.15.1 (TensorFlow 2.21, CPU, float32), MobileNetV2(weights=None).load_weights(file);
// pictures by Pillow 13, EXIF orientation applied, with BICUBIC: the whole picture to 224 × 224, or its short side to 256, the longer one rounded down, and the center
// 224 × 224 cut out; preprocess_input. The pixels are the same; what differs is the order in which float32 values are added.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasSharedData, SHARED_DATA } from '../../support/shared-data.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const WEIGHTS = 'mobilenet_v2_1.0_224.h5';
const TOLERANCE = 1e-3;

type Answers = Readonly<Record<string, readonly (readonly [index: number, score: number])[]>>;

/** Index, then probability, of the three likeliest classes for the center of a picture. */
const CENTER: Answers = {
  'cat_720p.jpg': [
    [285, 0.926562],
    [281, 0.024971],
    [282, 0.020143],
  ],
  'hot_dog.jpg': [
    [934, 0.754835],
    [965, 0.027293],
    [964, 0.015605],
  ],
  // A ruffed grouse to Keras too.
  'owl.jpg': [
    [82, 0.375971],
    [21, 0.18122],
    [83, 0.034742],
  ],
  'parrot.jpg': [
    [88, 0.966425],
    [92, 0.003456],
    [90, 0.003026],
  ],
  'sunflower.bmp': [
    [985, 0.957547],
    [309, 0.002485],
    [883, 0.001854],
  ],
};

/** The same for the whole picture. */
const WHOLE: Answers = {
  'cat_720p.jpg': [
    [285, 0.602721],
    [281, 0.133134],
    [282, 0.084203],
  ],
  'hot_dog.jpg': [
    [934, 0.421124],
    [964, 0.110521],
    [965, 0.0964],
  ],
  // A ruffed grouse to Keras too.
  'owl.jpg': [
    [82, 0.308311],
    [21, 0.108323],
    [83, 0.093975],
  ],
  'parrot.jpg': [
    [88, 0.92594],
    [90, 0.005417],
    [92, 0.002431],
  ],
  'sunflower.bmp': [
    [985, 0.928236],
    [309, 0.004386],
    [308, 0.00236],
  ],
};

const isThere = hasSharedData('weights', WEIGHTS) && hasSharedData('photos', 'single');

describe.skipIf(!isThere)('POST /v1/models', () => {
  let test: TestApp;
  let labels: string[];
  beforeAll(async () => {
    test = createTestApp({ weightsDir: path.join(SHARED_DATA, 'weights') });
    labels = readFileSync(path.join(SHARED_DATA, 'weights/imagenet_classes.txt'), 'utf8')
      .trimEnd()
      .split('\n');
    const asked = { architecture: 'mobilenet_v2_1.0', labels, weights: WEIGHTS };
    const { status, body } = await test.send('POST', '/v1/models', { ...asked, name: 'imagenet' });
    expect([status, body.id, body.version, body.labels.length]).toEqual([201, 'imagenet', '1', 1000]);
    await test.send('POST', '/v1/models', { ...asked, name: 'whole', resize: 'stretch' });
  });

  it.each([
    ...Object.entries(CENTER).map(([file, answers]) => ['imagenet', file, answers] as const),
    ...Object.entries(WHOLE).map(([file, answers]) => ['whole', file, answers] as const),
  ])('%s answers %s as Keras does with the same file', async (model, file, expected) => {
    const photo = readFileSync(path.join(SHARED_DATA, 'photos/single', file));
    const response = await test.app.request(`/v1/models/${model}/predict?top_k=1000`, {
      method: 'POST',
      body: new Uint8Array(photo),
    });
    const { label, predictions } = (await response.json()) as {
      label: string;
      predictions: { label: string; index: number; score: number }[];
    };
    expect(label).toBe(labels[expected[0]?.[0] ?? -1]);
    const scores = new Map(predictions.map(({ index, score }) => [index, score]));
    const differences = expected.map(([index, score]) => (scores.get(index) ?? Number.NaN) - score);
    console.info(`${model}, ${file}: ${label}, off by ${differences.map((d) => d.toFixed(4)).join(', ')}`);
    for (const difference of differences) expect(Math.abs(difference)).toBeLessThan(TOLERANCE);
  });

  it('prepares pictures by numbers as by the name that means the same', async () => {
    const numbers = { name: 'numbers', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
    const imported = { architecture: 'mobilenet_v2_1.0', labels, weights: WEIGHTS, ...numbers };
    expect((await test.send('POST', '/v1/models', imported)).status).toBe(201);
    const body = new Uint8Array(readFileSync(path.join(SHARED_DATA, 'photos/single/parrot.jpg')));
    const scoreOf = async (model: string) => {
      const response = await test.app.request(`/v1/models/${model}/predict`, { method: 'POST', body });
      return ((await response.json()) as { score: number }).score;
    };
    expect(await scoreOf('numbers')).toBeCloseTo(await scoreOf('imagenet'), 4);
  });

  it('keeps two classes of the same name apart', async () => {
    const photo = readFileSync(path.join(SHARED_DATA, 'photos/single/parrot.jpg'));
    const response = await test.app.request('/v1/models/imagenet/predict?top_k=1000', {
      method: 'POST',
      body: new Uint8Array(photo),
    });
    const { predictions } = (await response.json()) as { predictions: { label: string; index: number }[] };
    const cranes = predictions.filter(({ label }) => label === 'crane').map(({ index }) => index);
    expect(cranes.toSorted((a, b) => a - b)).toEqual([134, 517]);
  });

  it("gives a heatmap of one value at the original size: the classifier's answer", async () => {
    const photo = new Uint8Array(readFileSync(path.join(SHARED_DATA, 'photos/single/cat_720p.jpg')));
    const ask = async (query: string) => {
      const response = await test.app.request(`/v1/models/whole/predict?${query}`, {
        method: 'POST',
        body: photo,
      });
      return (await response.json()) as {
        score: number;
        heatmap: { label: string; index: number; rows: number; columns: number; values: number[][] };
      };
    };
    const { score, heatmap } = await ask('heatmap=Egyptian%20cat&heatmap_scale=1');
    expect([heatmap.rows, heatmap.columns]).toEqual([1, 1]);
    expect(Math.abs((heatmap.values[0]?.[0] ?? Number.NaN) - score)).toBeLessThan(1e-5);

    const larger = (await ask('heatmap=top')).heatmap;
    expect([larger.rows, larger.columns]).toEqual([8, 8]);
    // The cat sits in the middle; beside its head on the left is a carpet.
    expect(larger.values[2]?.[4]).toBeGreaterThan(5 * (larger.values[2]?.[0] ?? Number.NaN));

    const cranes = await Promise.all(['crane', '517'].map((name) => ask(`heatmap=${name}&heatmap_scale=1`)));
    expect(cranes.map((answer) => [answer.heatmap.label, answer.heatmap.index])).toEqual([
      ['crane', 134],
      ['crane', 517],
    ]);
  });

  it('rejects a wrong number of labels, and names the weight that does not fit', async () => {
    const { status, body } = await test.send('POST', '/v1/models', {
      architecture: 'mobilenet_v2_1.0',
      labels: labels.slice(1),
      weights: WEIGHTS,
    });
    expect([status, body.error.code]).toEqual([400, 'weights-mismatch']);
    expect(body.error.message).toContain('"predictions/kernel" is [1280, 1000] in the file');
  });

  it('rejects the weights of another architecture', async () => {
    const { status, body } = await test.send('POST', '/v1/models', {
      architecture: 'mobilenet_v2_0.35',
      labels,
      weights: WEIGHTS,
    });
    expect([status, body.error.code]).toEqual([400, 'weights-mismatch']);
  });
});

describe('POST /v1/models with what cannot be', () => {
  const { send } = createTestApp({ weightsDir: '/nonexistent' });
  const body = { architecture: 'mobilenet_v2_1.0', labels: ['a', 'b'] };

  it.each([
    [{ ...body, architecture: 'mobilenet_v9' }, 400, 'architecture-unknown'],
    [{ ...body, name: 'a/b' }, 400, 'model-name-invalid'],
    [{ ...body, labels: ['a', ' '] }, 400, 'labels-invalid'],
    [{ ...body, labels: [] }, 400, 'request-invalid'],
    [{ ...body, weights: '../../etc/passwd' }, 409, 'weights-unavailable'],
    [{ ...body, weights: 'absent.h5' }, 409, 'weights-unavailable'],
    [{ ...body, architecture: 'small_cnn' }, 409, 'weights-unavailable'],
  ])('rejects %j', async (request, expectedStatus, code) => {
    const { status, body } = await send('POST', '/v1/models', request);
    expect([status, body.error.code]).toEqual([expectedStatus, code]);
  });
});

// Backbones that users bring, from the file to the prediction: imported, asked for over HTTP, trained on, judged, served.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { toOnnxBackbone } from '../../../batch-job/base/backbone-session.ts';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import type { Manifest } from '../../../core/model/manifest.ts';
import { PARITY } from '../../../core/model/parity.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { REPORT } from '../../../core/model/report.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { decodeModel } from '../../../core/network/onnx/onnx-schema.ts';
import { decodePacked, encodePacked } from '../../../core/network/onnx/packed-model.ts';
import { splitAt } from '../../../core/network/surgery/split-at.ts';
import { fromKeras } from '../../../core/network/weights/from-keras.ts';
import { makeVariant } from '../../../core/predict/model-variant.ts';
import { readJson } from '../../../core/storage/json.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { FOREIGN_SIZE, foreignModel } from '../../support/foreign-onnx.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { hasSharedData, SHARED_DATA } from '../../support/shared-data.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const JOBS = '/v1/fine_tuning/jobs';
const DATASET = 'shapes';
const REQUEST = { training_file: DATASET, seed: 3, hyperparameters: { n_epochs: 4 } };

/** Asks for a job, runs it in this process, and gives what became of it. */
async function fineTune(test: TestApp, request: AnyJson, weightsDir?: string): Promise<AnyJson> {
  const { status, body } = await test.send('POST', JOBS, { ...REQUEST, backend: 'portable', ...request });
  expect([status, body.error]).toEqual([200, null]);
  expect(await runAttempt({ store: test.store, jobs: test.jobs, weightsDir }, body.id)).toBe('succeeded');
  return { created: body, ...(await test.send('GET', `${JOBS}/${body.id}`)).body };
}

async function predict(test: TestApp, model: string, picture: Uint8Array, query = ''): Promise<AnyJson> {
  const response = await test.app.request(`/v1/models/${model}/predict${query}`, {
    method: 'POST',
    body: new Uint8Array(picture),
  });
  return response.json();
}

async function pictureOf(store: ObjectStore): Promise<Uint8Array> {
  for await (const { key } of store.list(keys.dataset(DATASET))) {
    const object = await store.get(key);
    if (object !== undefined) return object.body;
  }
  throw new Error('The dataset is empty.');
}

describe('an imported backbone', () => {
  let test: TestApp;
  let job: AnyJson;
  let manifest: Manifest;
  beforeAll(async () => {
    test = createTestApp({ store: await storeWithPictures(DATASET) });
    await importBackbone(
      { store: test.store, now: Date.now },
      { name: 'theirs', onnx: foreignModel(), layout: 'nchw', preprocessing: 'tf' },
    );
    job = await fineTune(test, { model: 'onnx:theirs' });
    manifest = await readManifest(test.store, job.model_name, '1');
  });

  it('can be the model of a job, which has no estimate', async () => {
    expect(job).toMatchObject({ model: 'onnx:theirs', model_name: `${DATASET}-onnx-theirs` });
    expect(job.created.estimate).toBeNull();
    expect(Object.keys((await test.jobs.get(job.id))?.resolved?.stages ?? {})).toEqual(['head']);
    const { events } = await test.jobs.events(job.id, { limit: 1000 });
    const messages = events.map(({ message }) => message).join('\n');
    expect(messages).toContain('Pretrained weights: the imported file');
    expect(messages).toContain('no heatmap');
    // Drawn shapes are alike, and the findings say so.
    const findings = events.filter(({ data }) => `${data?.['code']}`.startsWith('near-duplicate'));
    expect(events.filter((event) => event.level !== 'info' && !findings.includes(event))).toEqual([]);
  });

  it('becomes a model of one ONNX file, with report and parity certificate', async () => {
    expect(manifest).toMatchObject({
      architecture: 'onnx:theirs',
      input: { height: FOREIGN_SIZE, width: FOREIGN_SIZE, channels: 3, preprocessing: 'tf' },
      onnx: { inputName: 'fovea_input', outputName: 'fovea_probabilities' },
      backbone: { name: 'theirs' },
    });
    expect(manifest.heatmap).toBeUndefined();
    const files: string[] = [];
    for await (const { key } of test.store.list(`${keys.model(job.model_name)}1/`))
      files.push(path.basename(key));
    expect(files.filter((file) => /onnx|tfjs/.test(file))).toEqual(['model.onnx']);
    const keyOf = (file: string) => keys.modelFile(job.model_name, '1', file);
    const report = (await readJson(test.store, keyOf('report.json'), REPORT))?.value;
    expect(report).toMatchObject({ backbone: manifest.backbone, variants: [] });
    expect(report?.parity.maxDifference).toBeLessThan(1e-5);
    const parity = (await readJson(test.store, keyOf('parity.json'), PARITY))?.value;
    expect(parity?.golden?.length).toBeGreaterThan(0);
    expect(parity?.tfjsMaxDifference).toBeNull();
    const page = await test.app.request(`/v1/models/${job.model_name}/report?format=html`);
    expect(await page.text()).toContain(manifest.backbone?.sha256);
  });

  it('answers predictions, without a heatmap', async () => {
    const picture = await pictureOf(test.store);
    const { label, score, predictions } = await predict(test, job.model_name, picture, '?top_k=100');
    expect(manifest.labels).toContain(label);
    expect(score).toBeGreaterThan(0);
    expect(predictions).toHaveLength(manifest.labels.length);
    const refused = await predict(test, job.model_name, picture, '?heatmap=top');
    expect(refused.error).toMatchObject({ code: 'heatmap-unavailable' });
    expect(refused.error.message).toContain('imported backbone');
  });

  it('has no reduced-precision variants, and a job says why', async () => {
    const picture = await pictureOf(test.store);
    await expect(
      makeVariant(test.store, { model: job.model_name, precision: 'fp16', pictures: [picture, picture] }),
    ).rejects.toThrow(expect.objectContaining({ code: 'variant-unavailable' }));
  });

  it('gives the same model for the same seed', async () => {
    const again = await fineTune(test, { model: 'onnx:theirs', suffix: 'again' });
    expect((await readManifest(test.store, again.model_name, '1')).onnx.sha256).toBe(manifest.onnx.sha256);
  });

  it('releases every session where its file disappears before the evaluation', async () => {
    const { body } = await test.send('POST', JOBS, { ...REQUEST, backend: 'portable', model: 'onnx:theirs' });
    let reads = 0;
    const store: ObjectStore = Object.create(test.store, {
      get: {
        value: async (...[key, ...options]: Parameters<ObjectStore['get']>) => {
          // The features and the exported model have it before.
          if (key.endsWith('.onnx') && ++reads === 3) return undefined;
          return test.store.get(key, ...options);
        },
      },
    });
    const create = vi.spyOn(InferenceSession, 'create');
    expect(await runAttempt({ store, jobs: test.jobs }, body.id)).toBe('failed');
    expect((await test.jobs.get(body.id))?.error?.code).toBe('backbone-corrupt');
    const sessions = create.mock.settledResults.map(({ value }) => value as InferenceSession);
    expect(sessions.length).toBeGreaterThan(1);
    for (const session of sessions) await expect(session.release()).rejects.toThrow('disposed');
    create.mockRestore();
  });

  it.each([
    [{ model: 'onnx:thiers' }, 404, 'backbone-not-found', 'model'],
    [{ model: 'onnx:../jobs' }, 400, 'backbone-name-invalid', 'model'],
    [{ recipe: { stages: 'full' } }, 400, 'backbone-frozen', 'recipe.stages'],
    [{ recipe: { preset: 'course' } }, 400, 'backbone-frozen', 'recipe.stages'],
    [{ sweep: { stages: ['head', 'full'] } }, 400, 'backbone-frozen', 'recipe.stages'],
  ])('rejects a job of %j', async (request, status, code, param) => {
    const answer = await test.send('POST', JOBS, { ...REQUEST, model: 'onnx:theirs', ...request });
    expect(answer).toMatchObject({ status, body: { error: { code, param } } });
  });

  it('has no plan, and cannot be imported as a model', async () => {
    const plan = await test.send('POST', '/v1/plans', { model: 'onnx:theirs' });
    expect(plan).toMatchObject({ status: 400, body: { error: { code: 'architecture-unknown' } } });
    const model = await test.send('POST', '/v1/models', { architecture: 'onnx:theirs', labels: ['a', 'b'] });
    expect(model.body.error.message).toContain('is an imported backbone');
  });
});

const WEIGHTS = 'mobilenet_v2_0.35_224_no_top.h5';

describe.skipIf(!hasSharedData('weights', WEIGHTS))('MobileNetV2 as a file', () => {
  it('gives the same features, head and answers as the architecture that it was exported from', async () => {
    const test = createTestApp({ store: await storeWithPictures(DATASET) });
    const architecture = findArchitecture('mobilenet_v2_0.35');
    const { defaultInputSize: inputSize, preprocessing } = architecture;
    const { backbone } = splitAt(architecture.build({ inputSize, classes: 2 }), architecture.featureLayer);
    const weights = await fromKeras(backbone, readFileSync(path.join(SHARED_DATA, 'weights', WEIGHTS)));
    const file = decodePacked(toOnnxBackbone(backbone, weights).onnx);
    // Another file, whose features are not those of the cache.
    const onnx = encodePacked({ ...file, producerName: 'elsewhere' });
    await importBackbone(
      { store: test.store, now: Date.now },
      { name: 'mobilenet', onnx, layout: 'nhwc', preprocessing },
    );
    const recipe = { augmentation: 'none', variants: [] };
    const request = { recipe, hyperparameters: { n_epochs: 10 } };
    const weightsDir = path.join(SHARED_DATA, 'weights');
    const theirs = await fineTune(test, { ...request, model: 'onnx:mobilenet' });
    const ours = await fineTune(test, { ...request, model: architecture.name }, weightsDir);
    expect(theirs.result.test_accuracy).toBe(ours.result.test_accuracy);

    const picture = await pictureOf(test.store);
    const scoresOf = async ({ model_name }: AnyJson): Promise<readonly { index: number; score: number }[]> =>
      (await predict(test, model_name, picture, '?top_k=100')).predictions;
    const [a, b] = [await scoresOf(theirs), await scoresOf(ours)];
    const scores = new Map(b.map(({ index, score }) => [index, score]));
    const differences = a.map(({ index, score }) => Math.abs(score - (scores.get(index) ?? Number.NaN)));
    console.info(`scores differ by at most ${Math.max(...differences)}`);
    expect(Math.max(...differences)).toBeLessThan(1e-5);

    const headOf = async ({ model_name }: AnyJson, names: readonly string[]) => {
      const file = await test.store.get(keys.modelFile(model_name, '1', 'model.onnx'));
      const { initializer } = decodeModel(file?.body ?? new Uint8Array()).graph;
      return names.map((name) => initializer.find((tensor) => tensor.name === name)?.rawData);
    };
    expect(await headOf(theirs, ['fovea_kernel', 'fovea_bias'])).toEqual(
      await headOf(ours, ['predictions/kernel', 'predictions/bias']),
    );
    const features: string[] = [];
    for await (const { key } of test.store.list('cache/features/')) {
      features.push(contentHashOf((await test.store.get(key))?.body ?? new Uint8Array()));
    }
    expect(features.length).toBe(2 * new Set(features).size);
  }, 300_000);
});

// Predictions that are explained by training pictures: from the trainer, which makes the index, to the answer.

import { beforeAll, describe, expect, it } from 'vitest';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import { PICTURE_INDEX_FILE } from '../../../core/model/picture-index.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { keys } from '../../../core/storage/keys.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { foreignModel } from '../../support/foreign-onnx.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const DATASET = 'shapes';
const OPERATOR = 'the-key-of-the-operator';

async function train(test: TestApp, request: AnyJson): Promise<string> {
  const { status, body } = await test.send('POST', '/v1/fine_tuning/jobs', {
    training_file: DATASET,
    seed: 3,
    backend: 'portable',
    hyperparameters: { n_epochs: 2 },
    ...request,
  });
  expect([status, body.error]).toEqual([200, null]);
  expect(await runAttempt({ store: test.store, jobs: test.jobs }, body.id)).toBe('succeeded');
  return body.id;
}

/** A training picture of an answer, as the dataset has it. */
async function pictureAt(test: TestApp, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const stored = await test.store.get(`${keys.dataset(DATASET)}${path}`);
  return new Uint8Array(stored?.body ?? []);
}

async function ask(
  { app }: Pick<TestApp, 'app'>,
  model: string,
  body: Uint8Array<ArrayBuffer>,
  query = 'explain=true',
  key?: string,
): Promise<AnyJson> {
  const response = await app.request(`/v1/models/${model}/predict?${query}`, {
    method: 'POST',
    body,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  });
  expect(response.status).toBe(200);
  return response.json();
}

describe('an explained prediction', () => {
  let test: TestApp;
  let first: string;
  let picture: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    test = createTestApp({ store: await storeWithPictures(DATASET) });
    await train(test, { model: 'small_cnn', suffix: DATASET, recipe: { variants: ['int8'] } });
    const { explanation } = await ask(test, DATASET, await anyPicture());
    first = explanation.nearest[0].path;
    picture = await pictureAt(test, first);
  });

  async function anyPicture(): Promise<Uint8Array<ArrayBuffer>> {
    for await (const { key } of test.store.list(keys.dataset(DATASET)))
      return new Uint8Array((await test.store.get(key))?.body ?? []);
    throw new Error('The dataset is empty.');
  }

  it('names the training picture itself as its nearest, with a link to its thumbnail', async () => {
    const { explanation, timing_ms } = await ask(test, DATASET, picture);
    const { nearest, indexed_pictures, trained_pictures, unavailable } = explanation;
    expect(unavailable).toBeNull();
    expect(indexed_pictures).toBe(trained_pictures);
    expect(nearest).toHaveLength(5);
    const [one, two] = nearest;
    expect(one).toMatchObject({
      dataset: DATASET,
      path: first,
      file: first.split('/').at(-1),
      class: first.split('/')[0],
      content_hash: contentHashOf(picture),
    });
    expect(one.similarity).toBeGreaterThan(0.999);
    expect(two.similarity).toBeLessThan(one.similarity);
    expect(timing_ms.explain).toBeGreaterThan(0);
    const thumbnail = await test.app.request(one.thumbnail);
    expect([thumbnail.status, thumbnail.headers.get('content-type')]).toEqual([200, 'image/webp']);
  });

  it('gives as many pictures as are asked for, and refuses other numbers and a PNG', async () => {
    expect(
      (await ask(test, DATASET, picture, 'explain=true&explain_count=2')).explanation.nearest,
    ).toHaveLength(2);
    expect(await ask(test, DATASET, picture, 'top_k=1')).not.toHaveProperty('explanation');
    for (const query of [
      'explain=true&explain_count=21',
      'explain=5',
      'explain=true&heatmap=top&heatmap_format=png',
    ]) {
      const response = await test.app.request(`/v1/models/${DATASET}/predict?${query}`, {
        method: 'POST',
        body: picture,
      });
      expect(response.status).toBe(400);
    }
  });

  it('explains each of many pictures, and none that cannot be read', async () => {
    const form = new FormData();
    form.append('a', new File([picture], 'a.png'));
    form.append('b', new File(['no picture'], 'b.png'));
    const response = await test.app.request(`/v1/models/${DATASET}/predict?explain=true`, {
      method: 'POST',
      body: form,
    });
    const { data } = (await response.json()) as AnyJson;
    expect(data[0].explanation.nearest[0].path).toBe(first);
    expect(data[1].error.code).toBe('image-unsupported');
  });

  it('leaves the scores as they are, bit by bit, also where 8-bit integers are served', async () => {
    for (const precision of ['float32', 'int8'] as const) {
      const predictor = createPredictor({ store: test.store, threads: 1, precision });
      const loaded = createTestApp({ store: test.store, predictor });
      const [plain, explained] = [
        await ask(loaded, DATASET, picture, 'top_k=9'),
        await ask(loaded, DATASET, picture, 'top_k=9&explain=true'),
      ];
      expect(explained.predictions).toEqual(plain.predictions);
      expect(explained.explanation.nearest[0].path).toBe(first);
      predictor.close();
    }
    // The feature is no output of the model: what is run for scores is the file that it would be without explanations.
    const manifest = await readManifest(test.store, DATASET, '1');
    expect(manifest.pictureIndex).toEqual({ file: PICTURE_INDEX_FILE, featureName: 'avg_pool' });
  });

  it('gives no name of a picture to a key that may not see the dataset', async () => {
    const guarded = createTestApp({ store: test.store, apiKeys: async () => ({ operator: OPERATOR }) });
    const keyOf = async (name: string, limits: AnyJson): Promise<string> => {
      const asked = { name, models: [DATASET], ...limits };
      return (await guarded.send('POST', '/v1/keys', asked, { authorization: `Bearer ${OPERATOR}` })).body
        .secret;
    };
    for (const [name, limits, code] of [
      ['predicts', { scopes: ['predict'] }, 'scope-missing'],
      ['elsewhere', { scopes: ['train'], datasets: ['others'] }, 'key-limited'],
    ] as const) {
      const { label, explanation } = await ask(
        guarded,
        DATASET,
        picture,
        'explain=true',
        await keyOf(name, limits),
      );
      expect(label).toBeTypeOf('string');
      expect(explanation).toMatchObject({ nearest: [], indexed_pictures: 0, unavailable: { code } });
    }
    const sees = await keyOf('sees', { scopes: ['train'], datasets: [DATASET] });
    const seen = await ask(guarded, DATASET, picture, 'explain=true', sees);
    expect(seen.explanation.nearest[0].path).toBe(first);
  });

  it('is not downloaded as a file', async () => {
    const response = await test.app.request(`/v1/models/${DATASET}/files/${PICTURE_INDEX_FILE}`);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain(`${PICTURE_INDEX_FILE},`);
  });

  it('is empty for a version without an index, and says why', async () => {
    await commitColorModel(test.store);
    const { label, explanation } = await ask(test, 'color', picture);
    expect(label).toBeTypeOf('string');
    expect(explanation).toMatchObject({ nearest: [], unavailable: { code: 'explanation-unavailable' } });
    expect(explanation.unavailable.message).toContain('no index of its training pictures');
  });

  it('no longer names a picture that was deleted, on a server that has the index loaded', async () => {
    const before = (await ask(test, DATASET, picture)).explanation;
    const { status } = await test.send('POST', `/v1/datasets/${DATASET}/files/delete`, { paths: [first] });
    expect(status).toBe(200);
    const after = (await ask(test, DATASET, picture, 'explain=true&explain_count=20')).explanation;
    expect(after.indexed_pictures).toBe(before.indexed_pictures - 1);
    expect(after.nearest.map(({ path }: { path: string }) => path)).not.toContain(first);
    const stored = await test.store.get(keys.modelFile(DATASET, '1', PICTURE_INDEX_FILE));
    expect(new TextDecoder().decode(stored?.body)).not.toContain(contentHashOf(picture));

    await test.send('DELETE', `/v1/datasets/${DATASET}`);
    const { explanation } = await ask(test, DATASET, picture);
    expect(explanation).toMatchObject({ nearest: [], indexed_pictures: 0, unavailable: null });
  });
});

describe('an explanation by a frozen backbone', () => {
  it('has the features that the head was trained on', async () => {
    const test = createTestApp({ store: await storeWithPictures(DATASET) });
    await importBackbone(
      { store: test.store, now: Date.now },
      { name: 'theirs', onnx: foreignModel(), layout: 'nchw', preprocessing: 'tf' },
    );
    await train(test, { model: 'onnx:theirs', suffix: DATASET });
    const paths: string[] = [];
    for await (const { key } of test.store.list(keys.dataset(DATASET)))
      paths.push(key.slice(keys.dataset(DATASET).length));
    const answers = await Promise.all(
      paths
        .slice(0, 12)
        .map(async (path) => (await ask(test, DATASET, await pictureAt(test, path))).explanation),
    );
    const same = answers.filter(({ nearest: [one] }, at) => one.path === paths[at]);
    expect(same.length).toBeGreaterThan(answers.length / 2);
    for (const { nearest } of same) expect(nearest[0].similarity).toBeGreaterThan(0.999);
  });
});

// Predictions of pictures in the installation's own bucket, named as s3://bucket/key.

import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const PREDICT = '/v1/models/color/predict';
const ROOT = 's3://pictures/fovea';
const UPLOAD = 'uploads/upload-2f1c1f7e-3c39-4b9c-9f6e-0a3b5d6c7e8f';
const OPERATOR = 'the-key-of-the-operator';

let test: TestApp;
beforeEach(async () => {
  test = createTestApp({ store: { ...createMemoryStore(), url: ROOT } });
  await commitColorModel(test.store);
  await test.store.put('inputs/a/1.png', await colorPicture('red'));
  await test.store.put('datasets/paint/reds/1.png', await colorPicture('red'));
  await test.store.put(UPLOAD, await colorPicture('blue'));
  await test.store.put('jobs/1/picture.png', await colorPicture('red'));
});

describe('a prediction by s3://bucket/key', () => {
  it('answers for inputs, datasets and uploads, beside keys of uploads', async () => {
    const keys = [`${ROOT}/inputs/a/1.png`, `${ROOT}/datasets/paint/reds/1.png`, `${ROOT}/${UPLOAD}`, UPLOAD];
    const { body } = await test.send('POST', PREDICT, { image_keys: keys });
    expect(body.data.map(({ label }: { label: string }) => label)).toEqual(['red', 'red', 'blue', 'blue']);
    const one = await test.send('POST', PREDICT, { image_key: keys[0] });
    expect([one.status, one.body.label]).toEqual([200, 'red']);
  });

  it('says what is not there', async () => {
    const { status, body } = await test.send('POST', PREDICT, { image_key: `${ROOT}/inputs/none.png` });
    expect([status, body.error.code, body.error.param]).toEqual([404, 'picture-not-found', 'image_key']);
  });

  it.each([
    's3://others/fovea/inputs/a/1.png',
    's3://pictures/inputs/a/1.png',
    's3://pictures/fovea-2/inputs/a/1.png',
    `${ROOT}/jobs/1/picture.png`,
    `${ROOT}/models/color/1/model.onnx`,
    `${ROOT}/api-keys/me.json`,
    `${ROOT}/inputs/../jobs/1/picture.png`,
    `${ROOT}/inputs/a/`,
    'S3://pictures/fovea/inputs/a/1.png',
    'inputs/a/1.png',
    'file:///etc/passwd',
  ])('refuses %s', async (key) => {
    const { status, body } = await test.send('POST', PREDICT, { image_key: key });
    expect([status, body.error.code]).toEqual([400, 'image-key-invalid']);
  });

  it('needs a key that may use the dataset', async () => {
    const guarded = createTestApp({ store: test.store, apiKeys: async () => ({ operator: OPERATOR }) });
    const operator = { authorization: `Bearer ${OPERATOR}` };
    const secretOf = async (key: object) =>
      (await guarded.send('POST', '/v1/keys', { datasets: ['paint'], ...key }, operator)).body.secret;
    await test.store.put('datasets/other/reds/1.png', await colorPicture('red'));
    const pictures = [
      { image_key: `${ROOT}/datasets/paint/reds/1.png` },
      { dataset_file: 'paint/reds/1.png' },
      { image_key: `${ROOT}/datasets/other/reds/1.png` },
      { dataset_files: ['other/reds/1.png'] },
      { image_key: `${ROOT}/${UPLOAD}` },
      { image_key: `${ROOT}/inputs/a/1.png` },
    ];
    const codesOf = async (key: object) => {
      const headers = { authorization: `Bearer ${await secretOf(key)}` };
      const answers = await Promise.all(
        pictures.map((picture) => guarded.send('POST', PREDICT, picture, headers)),
      );
      return answers.map(({ status, body }) => (status === 200 ? status : body.error.code));
    };
    const [asked, limited] = ['scope-missing', 'key-limited'];
    expect(await codesOf({ name: 'lab', scopes: ['train'] })).toEqual([
      200,
      200,
      limited,
      limited,
      200,
      limited,
    ]);
    expect(await codesOf({ name: 'phone', scopes: ['predict'] })).toEqual([
      asked,
      asked,
      asked,
      asked,
      200,
      limited,
    ]);
  });
});

// The files of a certificate over HTTP: stored with what is imported, and made when they are asked for where a version has none.

import path from 'node:path';
import { expect, it } from 'vitest';
import { CertificateSchema } from '../../../core/certificate/certificate.ts';
import { CERTIFICATE_FILES } from '../../../core/certificate/certificate-files.ts';
import { filesOfFolder } from '../../../core/classifier/classifier-files.ts';
import { importClassifier } from '../../../core/classifier/import-classifier.ts';
import { keys } from '../../../core/storage/keys.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const TEACHABLE = path.resolve(import.meta.dirname, '../../fixtures/imports/teachable');

const download = (test: TestApp, model: string, file: string) =>
  test.app.request(`/v1/models/${model}/files/${file}`);
const readCertificate = async (test: TestApp, model: string) =>
  CertificateSchema.parse(await (await download(test, model, 'preprocessing.json')).json());

it('are made of the manifest of a version that has none, with the answer of predictions, and not stored', async () => {
  const test = createTestApp();
  const calibration = { temperature: 1.5, rejectionThreshold: 0.99 };
  await commitColorModel(test.store, { calibration });
  const { check, model, output } = await readCertificate(test, 'color');
  const picture = await (await download(test, 'color', check.picture)).arrayBuffer();
  const { body } = await readAnswer(
    await test.app.request('/v1/models/color/predict', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: picture,
    }),
  );
  expect(body).toMatchObject({ label: check.label, rejected: check.rejected });
  expect(body.score).toBeCloseTo(Math.max(...check.scores), 6);
  expect(output).toMatchObject({ temperature: 1.5, threshold: 0.99, labels: ['red', 'green', 'blue'] });
  const manifest = await test.send('GET', '/v1/models/color/files/manifest.json');
  expect(model).toEqual({ file: 'model.onnx', sha256: manifest.body.onnx.sha256 });

  for (const file of CERTIFICATE_FILES) expect((await download(test, 'color', file)).status).toBe(200);
  const missing = await test.send('GET', '/v1/models/color/files/none.bin');
  expect(missing.body.error.code).toBe('model-file-not-found');
  expect(missing.body.error.details.files).toEqual(expect.arrayContaining([...CERTIFICATE_FILES]));
  expect(await test.store.head(keys.modelFile('color', '1', 'preprocessing.json'))).toBeUndefined();
});

it('are files of an imported version, and are erased with it', async () => {
  const test = createTestApp();
  const request = { model: 'mine', files: await filesOfFolder(TEACHABLE) };
  const { manifest } = await importClassifier({ store: test.store, now: () => 0 }, request);
  for (const file of CERTIFICATE_FILES) {
    const stored = await test.store.get(keys.modelFile('mine', '1', file));
    const given = await (await download(test, 'mine', file)).arrayBuffer();
    expect([file, Buffer.from(given).equals(stored?.body ?? new Uint8Array())]).toEqual([file, true]);
  }
  const { check, input, output } = await readCertificate(test, 'mine');
  expect(input.shape).toEqual([1, manifest.input.height, manifest.input.width, manifest.input.channels]);
  expect(output.labels).toEqual(manifest.labels);
  expect(check.difference).toEqual({ max: 0, mean: 0 });
  await test.send('DELETE', '/v1/models/mine');
  for await (const { key } of test.store.list(keys.model('mine'))) expect(key).not.toContain('preprocess');
});

// POST /v1/models with the files of an export: uploaded, imported, predicted.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { zipSync } from 'fflate';
import { beforeEach, describe, expect, it } from 'vitest';
import { foreignModel } from '../../support/foreign-onnx.ts';
import { formulaPictures } from '../../support/formula-pictures.ts';
import { readAnswers } from '../../support/imported-answers.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const TEACHABLE = path.join(import.meta.dirname, '../../fixtures/imports/teachable');
const SEVEN = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

let test: TestApp;
beforeEach(() => {
  test = createTestApp({ limits: { modelUploadBytes: 100_000 } });
});

async function upload(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const asked = { bytes: bytes.byteLength, purpose: 'model' };
  const { status, body } = await test.send('POST', '/v1/uploads', asked);
  expect(status).toBe(200);
  const { method, url, headers } = body;
  expect((await test.app.request(url, { method, headers, body: bytes })).status).toBe(200);
  return body.key;
}

describe('POST /v1/models', () => {
  it('imports an uploaded archive, which then answers as its source does', async () => {
    const names = ['keras_model.h5', 'labels.txt'];
    const contents = await Promise.all(names.map((name) => readFile(path.join(TEACHABLE, name))));
    const archive = zipSync(Object.fromEntries(names.map((name, i) => [name, contents[i] as Buffer])));
    const asked = { file: await upload(new Uint8Array(archive)), name: 'bananas', backbone: 'bananas' };
    const { status, body } = await test.send('POST', '/v1/models', asked);
    expect([status, body.id, body.version, body.architecture]).toEqual([201, 'bananas', '1', 'keras']);

    const { side, answers } = await readAnswers(TEACHABLE);
    const [picture] = await formulaPictures(side);
    const response = await test.app.request('/v1/models/bananas/predict?top_k=3', {
      method: 'POST',
      body: new Uint8Array(picture as Uint8Array),
    });
    const { predictions } = (await response.json()) as { predictions: { index: number; score: number }[] };
    for (const { index, score } of predictions) expect(score).toBeCloseTo(answers[0]?.[index] ?? -1, 4);
    expect(await test.store.head('backbones/bananas/backbone.json')).toBeDefined();
  });

  it('names the field that the files do not tell', async () => {
    const file = await upload(new Uint8Array(foreignModel({ output: 'scores' })));
    const without = await test.send('POST', '/v1/models', { file, name: 'mine', labels: SEVEN });
    expect([without.status, without.body.error.code, without.body.error.param]).toEqual([
      400,
      'model-setting-needed',
      'preprocessing',
    ]);
    const asked = { file, name: 'mine', labels: SEVEN, preprocessing: 'unit', color_order: 'bgr' };
    const once = { 'idempotency-key': 'once' };
    const { status, body } = await test.send('POST', '/v1/models', asked, once);
    expect([status, body.labels]).toEqual([201, SEVEN]);
    const again = await test.send('POST', '/v1/models', asked, once);
    expect([again.status, again.body]).toEqual([201, body]);
  });

  it.each([
    [{ name: 'x', labels: ['a'] }, 'file'],
    [{ name: 'x', file: 'uploads/x', architecture: 'lenet5', labels: ['a'] }, 'file'],
    [{ file: 'uploads/x' }, 'name'],
    [{ architecture: 'lenet5' }, 'labels'],
    [{ architecture: 'lenet5', labels: ['a'], layout: 'nchw' }, 'layout'],
    [{ file: 'uploads/x', name: 'x', weights: 'x.h5' }, 'weights'],
    [{ file: 'uploads/x', name: 'x', preprocessing: 'tf', mean: [0.5] }, 'preprocessing'],
    [{ file: 'uploads/../models/x', name: 'x' }, 'file'],
    [{ file: 'datasets/a/b/c.jpg', name: 'x' }, 'file'],
  ])('rejects %j', async (asked, param) => {
    const { status, body } = await test.send('POST', '/v1/models', asked);
    expect([status, body.error.param]).toEqual([400, param]);
  });

  it('gives no link for a larger model, and names the command that takes it', async () => {
    const { status, body } = await test.send('POST', '/v1/uploads', { bytes: 100_001, purpose: 'model' });
    expect([status, body.error.code]).toEqual([413, 'backbone-too-large']);
    expect(body.error.message).toContain('fovea import-model');
  });
});

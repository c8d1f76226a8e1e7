// A version is judged over HTTP by the labelled pictures of a dataset. The process that answers is run by the test.

import sharp from 'sharp';
import { expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { runBatch, runShard } from '../../../batch-job/run-batch.ts';
import { recordSnapshot } from '../../../core/dataset/dataset-snapshots.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { crossEntropy } from '../../../core/evaluation/probability-losses.ts';
import { SplitFractionsSchema } from '../../../core/job/record/job.ts';
import { keys } from '../../../core/storage/keys.ts';
import { batchDepsOf } from '../../support/batch-deps.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { makeReportInput } from '../../support/report-input.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const EVALUATE = '/v1/models/color/evaluate';
const SHADES = { red: [1, 0, 0], green: [0, 1, 0], blue: [0, 0, 1], pink: [1, 0, 0.5] } as const;

/** A picture that is nothing but a color, which differs from others of its class. */
const shade = ([r, g, b]: readonly [number, number, number], at: number) =>
  sharp({
    create: {
      width: 8,
      height: 8,
      channels: 3,
      background: { r: 200 * r + at, g: 200 * g + at, b: 200 * b + at },
    },
  })
    .png()
    .toBuffer();

/** Five pictures of each color; one of `green` shows blue. */
async function openApp(classes: readonly (keyof typeof SHADES)[] = ['red', 'green', 'blue']) {
  const test = createTestApp();
  for (const label of classes)
    for (let at = 0; at < 5; at += 1)
      await test.store.put(`datasets/hues/${label}/${at}.png`, await shade(SHADES[label], 5 * at));
  await test.store.put('datasets/hues/green/wrong.png', await shade(SHADES.blue, 41));
  await commitColorModel(test.store);
  return test;
}

async function evaluate(test: TestApp, body: object): Promise<AnyJson> {
  const made = await test.send('POST', EVALUATE, body);
  expect(made).toMatchObject({ status: 200, body: { object: 'batch', evaluation: null } });
  await runBatch(batchDepsOf(test), made.body.id);
  const { body: batch } = await test.send('GET', `/v1/batches/${made.body.id}`);
  expect(batch.status).toBe('completed');
  return batch.evaluation;
}

it('makes one batch for one Idempotency-Key', async () => {
  const test = await openApp();
  const ask = () => test.send('POST', EVALUATE, { dataset: 'hues' }, { 'idempotency-key': 'once' });
  const first = await ask();
  const again = await ask();
  expect([again.status, again.body]).toEqual([200, first.body]);
  expect(test.submitted).toEqual([first.body.id]);
});

it('says how good a version is, class by class, by the scores that it serves', async () => {
  const test = await openApp();
  const found = await evaluate(test, { dataset: 'hues' });
  expect(found).toMatchObject({
    dataset: 'hues',
    split: 'all',
    pictures: 16,
    failed: 0,
    seen: null,
    unknown_classes: [],
    absent_classes: [],
    results: {
      pictures: 16,
      accuracy: { successes: 15, trials: 16 },
      confusion_matrix: [
        [5, 0, 0],
        [0, 5, 1],
        [0, 0, 5],
      ],
      confusions: [{ label: 'green', predicted: 'blue', count: 1 }],
      mistakes: [{ key: 'datasets/hues/green/wrong.png', label: 'green', predicted: 'blue' }],
      rejection: null,
    },
  });
  const { results } = found;
  expect(results.balanced_accuracy.value).toBeCloseTo((1 + 5 / 6 + 1) / 3);
  expect(results.classes[1]).toMatchObject({ label: 'green', support: 6, recall: { successes: 5 } });
  // The same from single predictions.
  const rows: number[] = [];
  const labels: number[] = [];
  for (const [index, label] of ['red', 'green', 'blue'].entries())
    for await (const { key } of test.store.list(`datasets/hues/${label}/`)) {
      const response = await test.app.request('/v1/models/color/predict?top_k=3', {
        method: 'POST',
        body: (await test.store.get(key))?.body as Uint8Array<ArrayBuffer>,
      });
      const { predictions } = (await response.json()) as AnyJson;
      for (const name of ['red', 'green', 'blue'])
        rows.push(predictions.find((one: AnyJson) => one.label === name).score);
      labels.push(index);
    }
  const predictions = { probabilities: Float32Array.from(rows), labels: Int32Array.from(labels), classes: 3 };
  expect(results.cross_entropy).toBeCloseTo(crossEntropy(predictions) as number, 6);
});

it('counts pictures apart that the version was trained on, also after the dataset was renamed', async () => {
  const test = await openApp();
  const { store } = test;
  const inspection = await inspectDataset(store, 'hues', { split: SplitFractionsSchema.parse({}) });
  await recordSnapshot(store, inspection);
  const report = assembleReport(
    makeReportInput({ classes: ['red', 'green', 'blue'], test: 30, validation: 30 }),
  );
  const of = { ...report, dataset: { ...report.dataset, contentHash: inspection.contentHash } };
  await store.put(keys.modelFile('color', '2', 'report.json'), JSON.stringify(of));
  const named = { version: '2', jobId: 'ftjob-2', dataset: 'hues' };
  await commitColorModel(store, { ...named, report: { file: 'report.json', page: 'report.html' } });
  const counts = { train: 0, validation: 0, test: 0 };
  for (const { split } of inspection.items) counts[split] += 1;
  expect((await test.send('POST', '/v1/datasets/hues/rename', { name: 'tints' })).status).toBe(200);
  await store.put('datasets/tints/red/new.png', await shade(SHADES.red, 33));

  const found = await evaluate(test, { dataset: 'tints', version: '2' });
  expect(found.seen).toMatchObject(counts);
  expect(found.seen.accuracy.trials).toBe(counts.train + counts.validation);
  expect(found.results.pictures).toBe(counts.test + 1);
  const tested = await evaluate(test, { dataset: 'tints', version: '2', split: 'test' });
  const { train, validation } = tested.seen;
  expect(tested.pictures).toBe(tested.results.pictures + train + validation);
  expect(tested.pictures).toBeLessThan(found.pictures);
});

it('names classes that only one side has, and judges by the others', async () => {
  const test = await openApp(['red', 'pink']);
  const found = await evaluate(test, { dataset: 'hues' });
  expect(found).toMatchObject({
    pictures: 11,
    unknown_classes: [{ label: 'pink', pictures: 5, rejected: 0 }],
    absent_classes: ['blue'],
    results: { pictures: 6 },
  });
});

it('is found by whichever shard is the last', async () => {
  const test = await openApp();
  const { body } = await test.send('POST', EVALUATE, { dataset: 'hues' });
  await test.jobs.update(body.id, (job) => ({
    ...job,
    prediction: job.prediction && { ...job.prediction, shards: 2, chunkSize: 16 },
  }));
  for (const shard of [1, 2]) await runShard(batchDepsOf(test), body.id, shard);
  await runBatch(batchDepsOf(test), body.id);
  const { body: batch } = await test.send('GET', `/v1/batches/${body.id}`);
  expect(batch.evaluation.results.pictures).toBe(16);
});

it('says beforehand what it takes, and refuses what cannot be judged', async () => {
  const test = await openApp();
  const planned = await test.send('POST', EVALUATE, { dataset: 'hues', dry_run: true });
  expect(planned.body).toMatchObject({ object: 'batch.dry_run', pictures: 16, model_version: '1' });
  expect((await test.send('GET', '/v1/batches')).body.data).toEqual([]);
  await test.store.put('datasets/others/ox/1.png', await shade(SHADES.red, 1));
  await test.store.put('datasets/others/emu/1.png', await shade(SHADES.blue, 1));
  const refused = await test.send('POST', EVALUATE, { dataset: 'others' });
  expect(refused).toMatchObject({
    status: 400,
    body: { error: { code: 'label-unknown', param: 'dataset' } },
  });
  expect(refused.body.error.message).toContain('"red"');
  for (const [body, code] of [
    [{ dataset: 'nothing' }, 'dataset-not-found'],
    [{ dataset: 'hues', version: '9' }, 'model-version-not-found'],
    [{ dataset: 'hues', split: 'half' }, 'request-invalid'],
  ] as const)
    expect((await test.send('POST', EVALUATE, body)).body.error.code).toBe(code);
});

// Whatever the store and the code call things, answers have one case: snake_case.

import { expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { createWorkerRecords } from '../../../core/job/queues/workers/worker-records.ts';
import { NO_MEMORY_RECORD, NO_SAVINGS } from '../../../core/job/recipe/memory-record.ts';
import { AugmentationSchema, type ResolvedRecipe } from '../../../core/job/recipe/recipe.ts';
import { keys } from '../../../core/storage/keys.ts';
import { aWorker } from '../../support/a-worker.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { makeReportInput } from '../../support/report-input.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

const RESOLVED: ResolvedRecipe = {
  stages: {
    head: {
      epochs: 3,
      batchSize: 8,
      learningRate: 0.1,
      optimizer: 'adam',
      firstLayerRate: 1,
      patience: null,
    },
  },
  augmentation: AugmentationSchema.parse({}),
  imbalance: 'none',
  unfreezeFrom: 'block_13',
  featureViews: 2,
  reasons: [],
};
const taken = [{ remedy: 'half_precision' as const, stage: 'head', gaveUp: '32 bits' }];

/** Every name in an answer, at any depth. */
function namesIn(value: AnyJson): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(namesIn);
  return Array.isArray(value) ? inside : [...Object.keys(value), ...inside];
}

it('spells every name in snake_case: jobs, trials, events, reports, manifests, parity, errors, plans', async () => {
  const test = createTestApp({ keepsFeedback: true, webhookReceivers: 'any' });
  const { id } = await test.jobs.create(newJob());
  await test.jobs.update(id, (job) => ({
    ...job,
    status: 'running',
    resolved: RESOLVED,
    memory: { ...NO_MEMORY_RECORD, taken },
    trials: [
      {
        trial: 1,
        settings: { batch_size: 8 },
        validationLoss: 1,
        validationAccuracy: 0.5,
        givenUp: { savings: { ...NO_SAVINGS, partSizes: { head: 4 } }, taken },
      },
    ],
    result: { testAccuracy: 1, trainedImages: 4, maxParityDifference: 0 },
  }));
  await test.jobs.appendEvent(id, {
    level: 'info',
    type: 'message',
    message: 'A trial.',
    data: { trial: 1, validationLoss: 1, givenUp: { partSizes: { head: 4 } } },
  });
  await commitColorModel(test.store);
  const report = assembleReport(makeReportInput({ classes: ['a', 'b'], test: 40, validation: 40 }));
  const reportKey = keys.modelFile('color', '2', 'report.json');
  await test.store.put(
    reportKey,
    JSON.stringify({ ...report, training: { ...report.training, resolved: RESOLVED } }),
  );
  const parity = {
    pictures: 1,
    maxDifference: 0,
    allowed: 1,
    tfjsMaxDifference: null,
    trainer: {},
    golden: [],
  };
  await test.store.put(keys.modelFile('color', '2', 'parity.json'), JSON.stringify(parity));
  await commitColorModel(test.store, { version: '2', report: { file: 'report.json', page: 'report.html' } });
  await test.store.put(keys.modelFile('later', '1', 'manifest.json'), JSON.stringify({ formatVersion: 99 }));

  await createWorkerRecords({ store: test.store, now: Date.now }).put(aWorker({ job: { id, trial: null } }));

  await test.store.put('inputs/1.png', 'a picture');
  const image = Buffer.from(await colorPicture('red')).toString('base64');
  const { body: made } = await test.send('POST', '/v1/webhooks', {
    url: 'http://a.test',
    events: ['batch.failed'],
  });
  const hook = made.id;
  const names = new Set<string>();
  for (const [method, path, body] of [
    ['GET', `/v1/fine_tuning/jobs/${id}`],
    ['GET', `/v1/fine_tuning/jobs/${id}/events`],
    ['GET', '/v1/models/color/report'],
    ['GET', '/v1/models/color/files/report.json'],
    ['GET', '/v1/models/color/files/manifest.json'],
    ['GET', '/v1/models/color/files/parity.json'],
    ['GET', '/v1/models/color'],
    ['GET', '/v1/models/later:1'],
    ['GET', '/v1/models/color/versions'],
    ['GET', '/v1/models/color/aliases'],
    ['GET', '/v1/models/color/compare?versions=1,2'],
    ['POST', '/v1/models/color/promote', { version: '1' }],
    ['POST', '/v1/plans', { model: 'small_cnn' }],
    ['GET', '/v1/key'],
    ['GET', '/v1/architectures'],
    ['GET', '/v1/workers'],
    ['GET', '/v1/webhooks'],
    ['POST', `/v1/webhooks/${hook}/test`],
    ['GET', `/v1/webhooks/${hook}/deliveries`],
    ['POST', '/v1/batches', { model: 'color', input_prefix: 'inputs/', dry_run: true }],
    ['POST', '/v1/batches', { model: 'color', input_prefix: 'inputs/' }],
    ['GET', '/v1/batches'],
    ['GET', '/v1/files'],
    ['POST', '/v1/predictions/pred-1/feedback', { model: 'color', label: 'red', consent: true, image }],
  ] as const) {
    for (const name of namesIn((await test.send(method, path, body)).body)) names.add(name);
  }
  expect([...names].filter((name) => /[A-Z]/.test(name))).toEqual([]);
  for (const name of [
    'unfreeze_from',
    'gave_up',
    'validation_loss',
    'given_up',
    'content_hash',
    'macro_f1',
    'next_attempt_at',
    'size_bytes',
    'tfjs_max_difference',
    'usd_per_hour',
    'format_version',
    'prediction',
  ]) {
    expect([...names]).toContain(name);
  }
});

// A head that is solved: from a request that leaves its training to `auto` to the report.

import { beforeAll, describe, expect, it } from 'vitest';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { REPORT } from '../../../core/model/report.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { readJson } from '../../../core/storage/json.ts';
import { keys } from '../../../core/storage/keys.ts';
import { foreignModel } from '../../support/foreign-onnx.ts';
import { makePattern } from '../../support/make-dataset.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const JOBS = '/v1/fine_tuning/jobs';
const DATASET = 'shapes';

describe('a head that is solved', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = createTestApp({ store: await storeWithPictures(DATASET) });
    await importBackbone(
      { store: test.store, now: Date.now },
      { name: 'theirs', onnx: foreignModel(), layout: 'nchw', preprocessing: 'tf' },
    );
  });

  async function run(request: AnyJson): Promise<AnyJson> {
    const asked = { model: 'onnx:theirs', training_file: DATASET, backend: 'portable', ...request };
    const { body } = await test.send('POST', JOBS, asked);
    expect(body.error).toBeNull();
    expect(await runAttempt({ store: test.store, jobs: test.jobs }, body.id)).toBe('succeeded');
    const { events } = await test.jobs.events(body.id, { limit: 1000 });
    const job = await test.jobs.get(body.id);
    const report = await readJson(test.store, keys.modelFile(body.model_name, '1', 'report.json'), REPORT);
    return {
      job,
      events,
      report: report?.value,
      manifest: await readManifest(test.store, body.model_name, '1'),
    };
  }
  const solvedIn = ({ events }: AnyJson) => events.filter(({ data }: AnyJson) => data?.out_of_fold_loss > 0);

  it('is on all pictures but the test split, says what the folds say, and has no epochs', async () => {
    const made = await run({ seed: 1, suffix: 'solved' });
    const { train, validation } = made.events.find(({ data }: AnyJson) => data?.train !== undefined).data;
    expect(made.job.resolved.stages.head).toMatchObject({
      optimizer: 'l-bfgs',
      batchSize: train + validation,
    });
    expect(made.events.filter(({ type }: AnyJson) => type === 'metrics')).toEqual([]);
    const [solved] = solvedIn(made);
    expect(solved.message).toContain('chosen by 5 folds');
    expect(solved.data).toMatchObject({ pictures: train + validation, folds: 5 });
    expect(made.report.parity.maxDifference).toBeLessThan(1e-5);
    expect(made.report.results.outOfFold).toMatchObject({ pictures: train + validation, folds: 5 });
  });

  it('does not depend on the seed where there are no augmented views', async () => {
    const recipe = { augmentation: 'none' };
    const once = await run({ seed: 1, suffix: 'once', recipe });
    const again = await run({ seed: 2, suffix: 'again', recipe });
    expect(again.manifest.onnx.sha256).toBe(once.manifest.onnx.sha256);
  });

  it('answers once it is published, also where pictures are cut', async () => {
    const { manifest } = await run({ seed: 1, suffix: 'cut', recipe: { resize: 'cover' } });
    expect(manifest.input).toMatchObject({ resize: 'cover', crop: 0.875 });
    // Loading the model compares its answers to the golden pictures.
    const predictor = createPredictor({ store: test.store, threads: 1 });
    try {
      const picture = await makePattern(1);
      const { outcomes } = await predictor.predict({ model: manifest.model, images: [picture], topK: 1 });
      expect(outcomes[0]?.ok).toBe(true);
    } finally {
      predictor.close();
    }
  });

  it('is compared out of fold with the other trials of a sweep', async () => {
    const made = await run({ seed: 1, suffix: 'swept', sweep: { augmentation: ['none', 'auto'] } });
    const losses = solvedIn(made).map(({ data }: AnyJson) => data.out_of_fold_loss);
    const trials = made.job.trials.map(({ validationLoss }: AnyJson) => validationLoss);
    expect(new Set(losses)).toEqual(new Set(trials));
  });
});

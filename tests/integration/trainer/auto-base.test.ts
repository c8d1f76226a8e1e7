// Jobs that leave their base to the trainer, from the request to the report.

import { beforeAll, describe, expect, it } from 'vitest';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { REPORT } from '../../../core/model/report.ts';
import { readJson } from '../../../core/storage/json.ts';
import { keys } from '../../../core/storage/keys.ts';
import { foreignModel } from '../../support/foreign-onnx.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const JOBS = '/v1/fine_tuning/jobs';
let test: TestApp;
beforeAll(async () => {
  test = createTestApp({ store: await storeWithPictures('shapes') });
});

const importAs = (name: string, output: string) =>
  importBackbone(
    { store: test.store, now: Date.now },
    {
      name,
      onnx: foreignModel({ output }),
      layout: 'nchw',
      preprocessing: 'tf',
      output,
      outputLayout: 'nchw',
    },
  );

async function fineTune(model: string, suffix: string): Promise<AnyJson> {
  const request = { training_file: 'shapes', seed: 3, hyperparameters: { n_epochs: 2 }, backend: 'portable' };
  const { body } = await test.send('POST', JOBS, { ...request, model, suffix });
  expect(body.model).toBe(model);
  expect(await runAttempt({ store: test.store, jobs: test.jobs }, body.id)).toBe('succeeded');
  return (await test.send('GET', `${JOBS}/${body.id}`)).body;
}

describe('a job with "model": "auto"', () => {
  it('is the same as one that names the base, where a single one is at hand', async () => {
    await importAs('first', 'vector');
    const chosen = await fineTune('auto', 'chosen');
    expect(chosen).toMatchObject({
      model: 'onnx:first',
      base_choice: { architecture: 'onnx:first', pictures: 0, candidates: [] },
    });
    expect((await fineTune('onnx:first', 'named')).base_choice).toBeNull();
    const [a, b] = [
      await readManifest(test.store, 'chosen', '1'),
      await readManifest(test.store, 'named', '1'),
    ];
    expect(a.onnx.sha256).toBe(b.onnx.sha256);
  });

  it('compares the bases at hand, and keeps the choice with its reasons in job, events and report', async () => {
    await importAs('second', 'map');
    const job = await fineTune('auto', 'compared');
    const { architecture, candidates, pictures, reasons } = job.base_choice;
    expect(job.model).toBe(architecture);
    expect(pictures).toBeGreaterThan(0);
    expect(candidates.map((one: AnyJson) => one.architecture)).toEqual(['onnx:first', 'onnx:second']);
    expect(candidates.map((one: AnyJson) => one.architecture)).toContain(architecture);
    for (const { low, accuracy, high } of candidates) {
      expect(low).toBeLessThanOrEqual(accuracy);
      expect(high).toBeGreaterThanOrEqual(accuracy);
    }
    expect(reasons.join(' ')).toMatch(/within one standard error.*published figures.*fovea weights pull/);
    const { events } = await test.jobs.events(job.id, { limit: 1000 });
    expect(events.map(({ message }) => message).join('\n')).toContain(`Base: ${architecture}. ${reasons[0]}`);
    expect(events.filter(({ message }) => message.startsWith('Dataset "shapes"'))).toHaveLength(1);
    const key = keys.modelFile('compared', '1', 'report.json');
    const report = (await readJson(test.store, key, REPORT))?.value;
    expect(report).toMatchObject({ architecture, training: { baseChoice: { architecture, reasons } } });
    const page = await test.app.request('/v1/models/compared/report?format=html');
    expect(await page.text()).toContain('Why this one');
  });

  it.each([
    [{ sweep: { learning_rate_multiplier: [0.5, 1] } }, 'sweep'],
    [{ recipe: { stages: 'full', unfreeze_from: 'block_1_add' } }, 'recipe.unfreeze_from'],
  ])('is refused with %j, which needs a known base', async (settings, param) => {
    const { status, body } = await test.send('POST', JOBS, {
      training_file: 'shapes',
      model: 'auto',
      ...settings,
    });
    expect([status, body.error.code, body.error.param]).toEqual([400, 'request-invalid', param]);
  });

  it('has an estimate that counts the comparison', async () => {
    const estimateOf = async () =>
      (await test.send('POST', JOBS, { training_file: 'shapes', model: 'auto', dry_run: true })).body
        .estimate;
    expect((await estimateOf()).parts.map((part: AnyJson) => part.name)).toContain('choice of the base');
    // Counted as if all could be compared: their weights need not be readable.
    for (const name of [
      'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5',
      'convnext_tiny_notop.h5',
    ])
      await test.store.put(keys.weights(name), 'weights');
    const { parts, basis } = await estimateOf();
    expect(parts.find((part: AnyJson) => part.name === 'choice of the base').seconds).toBeGreaterThan(20);
    expect(basis.join(' ')).toMatch(/4 bases are compared.*2 imported ones/);
  });
});

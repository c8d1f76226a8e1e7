import { expect, it } from 'vitest';
import type { JobReporter } from '../../../batch-job/attempt/job-reporter.ts';
import { openCandidate } from '../../../batch-job/choose/open-candidate.ts';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { FOREIGN_SIZE, foreignModel } from '../../support/foreign-onnx.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';

it('gives each picture its own features, by blocks of any size', async () => {
  const store = await storeWithPictures('shapes');
  const request = {
    onnx: foreignModel({ output: 'vector' }),
    output: 'vector',
    preprocessing: 'tf',
  } as const;
  await importBackbone({ store, now: Date.now }, { name: 'theirs', layout: 'nchw', ...request });
  const inputSize = { height: FOREIGN_SIZE, width: FOREIGN_SIZE };
  const { items, classes } = await inspectDataset(store, 'shapes', {
    split: { train: 0.75, validation: 0.15, test: 0.1 },
    inputSize,
  });
  const reporter = {
    signal: new AbortController().signal,
    startStage: () => undefined,
    update: () => undefined,
    message: async () => undefined,
    warn: async () => undefined,
  } as Partial<JobReporter> as JobReporter;
  const job = { recipe: RecipeSchema.parse({}), resolved: null };
  const deps = { store, reporter, job, weightsDir: undefined };
  const candidate = await openCandidate(deps, 'onnx:theirs', { items, classes: classes.length });
  try {
    const { rows, milliseconds } = candidate;
    expect([rows.rows, milliseconds > 0]).toEqual([items.length, true]);
    const all = rows.read(0, rows.rows).slice();
    const single = items.flatMap((_, row) => [...rows.read(row, row + 1)]);
    expect([...all]).toEqual(single);
    const different = new Set(
      items.map((_, row) => String(all.slice(row * rows.width, (row + 1) * rows.width))),
    );
    expect(different.size).toBe(items.length);
  } finally {
    candidate.close();
  }
});

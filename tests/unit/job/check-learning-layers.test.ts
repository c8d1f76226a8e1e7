import { describe, expect, it } from 'vitest';
import { checkLearningLayers } from '../../../core/job/check-learning-layers.ts';
import { RecipeSchema } from '../../../core/job/recipe.ts';
import { newJob } from '../../support/new-job.ts';

const check = (architecture: string, recipe: object, sweep: ReturnType<typeof newJob>['sweep'] = null) =>
  checkLearningLayers(newJob({ architecture, recipe: RecipeSchema.parse(recipe), sweep }));
const MOBILENET = 'mobilenet_v2_0.35';

describe('checkLearningLayers', () => {
  it.each([
    [{}, null],
    [{ stages: 'full', unfreeze_from: 'block_13' }, null],
    [{ stages: 'full', unfreeze_from: null, first_layer_rate: 0.1 }, null],
    [{ preset: 'course', unfreeze_from: 'block_13_expand' }, null],
    [{ unfreeze_from: 'block_13' }, { stages: ['head', 'full'] as const }],
    [{}, { stages: ['full'] as const, unfreeze_from: ['block_13', null] }],
  ])('takes %j with the sweep %j', (recipe, sweep) => {
    expect(() => check(MOBILENET, recipe, sweep as never)).not.toThrow();
  });

  it.each([
    [MOBILENET, { unfreeze_from: 'block_13' }, null, 'setting-without-effect', 'recipe.unfreeze_from'],
    [
      MOBILENET,
      { stages: 'head', unfreeze_from: null },
      null,
      'setting-without-effect',
      'recipe.unfreeze_from',
    ],
    [MOBILENET, { first_layer_rate: 0.1 }, null, 'setting-without-effect', 'recipe.first_layer_rate'],
    [
      MOBILENET,
      {},
      { unfreeze_from: ['block_13', 'block_14'] },
      'setting-without-effect',
      'recipe.unfreeze_from',
    ],
    [MOBILENET, { stages: 'full', unfreeze_from: 'block_99' }, null, 'layer-unknown', 'recipe.unfreeze_from'],
    [
      MOBILENET,
      { stages: 'full' },
      { unfreeze_from: ['block_13', 'conv_1'] },
      'layer-unknown',
      'recipe.unfreeze_from',
    ],
    ['onnx:theirs', { stages: 'full' }, null, 'backbone-frozen', 'recipe.stages'],
    ['onnx:theirs', { unfreeze_from: 'block_13' }, null, 'setting-without-effect', 'recipe.unfreeze_from'],
  ])('refuses of %s %j with the sweep %j', (architecture, recipe, sweep, code, param) => {
    expect(() => check(architecture, recipe, sweep as never)).toThrow(
      expect.objectContaining({ code, param }),
    );
  });
});

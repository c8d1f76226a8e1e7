import { describe, expect, it } from 'vitest';
import { checkTrainableLayers } from '../../../core/job/recipe/check-trainable-layers.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { newJob } from '../../support/new-job.ts';

const check = (architecture: string, recipe: object, sweep: ReturnType<typeof newJob>['sweep'] = null) =>
  checkTrainableLayers(newJob({ architecture, recipe: RecipeSchema.parse(recipe), sweep }));
const MOBILENET = 'mobilenet_v2_0.35';

describe('checkTrainableLayers', () => {
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
    [MOBILENET, { augmentation: 'strong' }],
    [MOBILENET, { augmentation: { flip: 0.5 } }],
    [MOBILENET, { stages: 'full', batch_normalization: 'training', augmentation: { mixup: 0.2 } }],
    ['onnx:theirs', { stages: 'head', augmentation: 'strong' }],
    // Every layer is trained from scratch, on pictures that may be mixed, and by the statistics of batches.
    ['small_cnn', { stages: 'full', batch_normalization: 'training', augmentation: { cutmix: 1 } }],
    ['small_cnn', { preset: 'course' }],
  ])('takes of %s %j', (architecture, recipe) => {
    expect(() => check(architecture, recipe)).not.toThrow();
  });

  it('takes what one of several stages heeds', () => {
    const sweep = { stages: ['head', 'full'], augmentation: ['none', { mixup: 0.2 }] };
    expect(() => check(MOBILENET, { batch_normalization: 'training' }, sweep as never)).not.toThrow();
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
    [
      MOBILENET,
      { batch_normalization: 'training' },
      null,
      'setting-without-effect',
      'recipe.batch_normalization',
    ],
    [MOBILENET, { augmentation: { mixup: 0.2 } }, null, 'setting-without-effect', 'recipe.augmentation'],
    [
      MOBILENET,
      {},
      { augmentation: ['none', { cutmix: 1 }] },
      'setting-without-effect',
      'recipe.augmentation',
    ],
    ['small_cnn', { stages: 'head' }, null, 'setting-without-effect', 'recipe.stages'],
    ['small_cnn', {}, { stages: ['head', 'full'] }, 'setting-without-effect', 'recipe.stages'],
    ['small_cnn', { unfreeze_from: 'conv2' }, null, 'setting-without-effect', 'recipe.unfreeze_from'],
    [
      'small_cnn',
      { stages: 'full', first_layer_rate: 0.01 },
      null,
      'setting-without-effect',
      'recipe.first_layer_rate',
    ],
    ['onnx:theirs', { stages: 'full' }, null, 'backbone-frozen', 'recipe.stages'],
    ['onnx:theirs', { unfreeze_from: 'block_13' }, null, 'setting-without-effect', 'recipe.unfreeze_from'],
  ])('refuses of %s %j with the sweep %j', (architecture, recipe, sweep, code, param) => {
    expect(() => check(architecture, recipe, sweep as never)).toThrow(
      expect.objectContaining({ code, param }),
    );
  });

  it.each([
    [MOBILENET, 'they do so unless a GPU trains. Set recipe.stages to "full", or remove the setting.'],
    ['onnx:theirs', 'the layers of an imported backbone stay frozen. Remove the setting.'],
    ['small_cnn', '"small_cnn" has none: all its layers are trained from scratch. Remove the setting.'],
  ])('says of %s what can be done about it', (architecture, advice) => {
    expect(() => check(architecture, { unfreeze_from: 'conv2' })).toThrow(advice);
  });
});

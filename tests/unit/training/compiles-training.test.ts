import { describe, expect, it } from 'vitest';
import { toBase } from '../../../batch-job/base/base.ts';
import { compilesTraining } from '../../../batch-job/decide/compiles-training.ts';
import { HyperparametersSchema } from '../../../core/job/recipe/hyperparameters.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { SweepSchema } from '../../../core/job/recipe/sweep.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';

const FEW = 1000;
const MANY = 10_000;
const NETWORK = 'resnet50';

const compiles = (
  examples: number,
  {
    recipe = {},
    sweep = null as object | null,
    gpuModel = 'NVIDIA L4' as string | null,
    network = NETWORK,
  } = {},
) =>
  compilesTraining({
    job: {
      hyperparameters: HyperparametersSchema.parse({}),
      recipe: RecipeSchema.parse(recipe),
      sweep: sweep === null ? null : SweepSchema.parse(sweep),
      resolved: null,
    },
    base: toBase(findArchitecture(network)),
    classes: 2,
    examples,
    gpuModel,
  });

describe('compilesTraining', () => {
  it('lets no small job wait for a compiler', () => {
    expect([compiles(FEW), compiles(MANY)]).toEqual([false, true]);
    expect(compiles(FEW, { recipe: { precision: 'mixed' } })).toBe(false);
  });

  it('goes by the GPU, and takes one that it does not know for the fastest', () => {
    const [slow, fast, unknown, none] = ['Tesla T4', 'NVIDIA H100 80GB HBM3', 'NVIDIA Z1', null].map(
      (gpuModel) => compiles(MANY, { gpuModel }),
    );
    expect([slow, fast, unknown, none]).toEqual([true, false, false, false]);
  });

  it('compiles nothing where a head alone is trained, nor in float32', () => {
    expect(compiles(MANY, { recipe: { stages: 'head' } })).toBe(false);
    expect(compiles(MANY, { recipe: { precision: 'float32' } })).toBe(false);
  });

  it('compiles no depthwise convolutions', () => {
    expect(compiles(MANY, { network: 'mobilenet_v2_1.0' })).toBe(false);
  });

  it('counts the layers that are trained', () => {
    const onT4 = (recipe: object) => compiles(7000, { gpuModel: 'Tesla T4', recipe });
    expect([onT4({}), onT4({ stages: 'full', unfreeze_from: 'predictions' })]).toEqual([true, false]);
  });

  it('compiles a sweep for its longest trial', () => {
    expect(compiles(MANY, { recipe: { stages: 'head' }, sweep: { stages: ['head', 'full'] } })).toBe(true);
  });
});

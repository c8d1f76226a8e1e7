import { describe, expect, it } from 'vitest';
import { AUGMENTATIONS, FULL_AUGMENTATION } from '../../../batch-job/augmentation/presets.ts';
import { toBase } from '../../../batch-job/base/base.ts';
import { decideRecipe } from '../../../batch-job/decide/decide-recipe.ts';
import type { MachineMemory } from '../../../batch-job/memory/machine-memory.ts';
import type { BackendName } from '../../../batch-job/tensorflow/engine/engine.ts';
import { layerRates } from '../../../batch-job/training/layer-rates.ts';
import { estimateJob } from '../../../core/job/estimate/estimate-job.ts';
import {
  type Augmentation,
  describeStages,
  type Recipe,
  RecipeSchema,
} from '../../../core/job/recipe/recipe.ts';
import { type JobRecord, JobRecordSchema } from '../../../core/job/record/job.ts';
import { createJobStore, type NewJob } from '../../../core/job/record/job-store.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { isTrainableFrom } from '../../../core/network/description/trainable-from.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { newJob } from '../../support/new-job.ts';

const EXAMPLES = 400;
const MOBILENET = 'mobilenet_v2_0.35';
/** Settings with which a head is trained in epochs. */
const IN_EPOCHS = {
  hyperparameters: { n_epochs: 60, batch_size: 'auto', learning_rate_multiplier: 'auto' },
} as const;
const ENOUGH: MachineMemory = {
  limitBytes: 64e9,
  limitName: 'the memory of this machine',
  deviceBytes: 64e9,
  freeBytes: 60e9,
  freeName: 'the memory of this machine',
};

const createJob = (job: Partial<NewJob>): Promise<JobRecord> =>
  createJobStore({ store: createMemoryStore(), now: Date.now }).create(newJob(job));

async function decide(
  recipe: Partial<Recipe>,
  backend: BackendName,
  {
    labels,
    memory,
    hasValidationFolder = false,
    ...changes
  }: Partial<Omit<JobRecord, 'memory'>> & {
    readonly hasValidationFolder?: boolean;
    readonly labels?: Int32Array;
    readonly memory?: Partial<MachineMemory>;
  } = {},
) {
  const job = await createJob({ architecture: MOBILENET, recipe: RecipeSchema.parse(recipe) });
  const architecture = findArchitecture(changes.architecture ?? MOBILENET);
  return decideRecipe({
    job: { ...job, ...changes },
    base: toBase(architecture),
    network: architecture.build({ inputSize: architecture.defaultInputSize, classes: 2 }),
    backend,
    labels: labels ?? Int32Array.from({ length: EXAMPLES }, (_, i) => i % 2),
    classes: 2,
    validation: 100,
    hasValidationFolder,
    processors: 2,
    memory: { ...ENOUGH, ...memory },
  });
}

describe('decideRecipe', () => {
  it('trains the head alone unless asked, or as in the course', async () => {
    const { stages, resolved } = await decide({}, 'native');
    expect([...stages.keys()]).toEqual(['head']);
    expect(resolved.reasons.join()).toContain('recipe.stages "full"');
    expect([...(await decide({ stages: 'full' }, 'native')).stages.keys()]).toEqual(['head', 'full']);
    expect([...(await decide({ preset: 'course' }, 'native')).stages.keys()]).toEqual(['head', 'full']);
    expect([...(await decide({ preset: 'course', stages: 'head' }, 'native')).stages.keys()]).toEqual([
      'head',
    ]);
  });

  it('says how long processors train the pretrained layers, by the estimate of a dry run', async () => {
    for (const backend of ['portable', 'native'] as const) {
      const { resolved } = await decide({ stages: 'full', unfreeze_from: null }, backend);
      const job = newJob({ backend, recipe: RecipeSchema.parse({ stages: 'full', unfreeze_from: null }) });
      const pictures = { train: EXAMPLES, validation: 100, test: 0, classes: 2 };
      const machine = { name: '', vcpus: 2, usdPerHour: 0, priceBasis: '' };
      const { parts } = estimateJob({ ...job, architecture: MOBILENET }, pictures, machine);
      const secondsOf = (part: string) => parts.find(({ name }) => name === part)?.seconds ?? 0;
      const minutes = Math.round((secondsOf('full') + secondsOf('retrain')) / 60);
      expect(resolved.reasons.join()).toContain(`up to about ${minutes} minutes on 2 processors`);
    }
    expect((await decide({ stages: 'full' }, 'gpu')).resolved.reasons.join()).not.toContain('minutes');
  });

  it('gives processors as many epochs as half an hour has room for, and later attempts the same', async () => {
    const labels = Int32Array.from({ length: 5000 }, (_, i) => i % 2);
    const slow = await decide({ stages: 'full', unfreeze_from: null }, 'portable', { labels });
    const epochs = slow.stages.get('full')?.epochs ?? 0;
    expect(epochs).toBeGreaterThanOrEqual(3);
    expect(epochs).toBeLessThan(12);
    expect(slow.resolved.reasons.join()).toContain(
      `It has ${epochs} epochs instead of 12, so that it takes at most about 30 minutes`,
    );
    const later = await decide({ stages: 'full' }, 'native', { labels, resolved: slow.resolved });
    expect(later.stages.get('full')?.epochs).toBe(epochs);
    const asked = { n_epochs: 20, batch_size: 'auto', learning_rate_multiplier: 'auto' } as const;
    const long = await decide({ stages: 'full' }, 'portable', { labels, hyperparameters: asked });
    expect(long.stages.get('full')?.epochs).toBe(20);
  });

  it('trains again on all pictures where a fold decides and the estimate has time for both', async () => {
    const retrains = async (...asked: Parameters<typeof decide>) =>
      (await decide(...asked)).resolved.stages['full']?.retrains ?? false;
    expect(await retrains({ stages: 'full' }, 'native')).toBe(true);
    expect(await retrains({ stages: 'full' }, 'native', { hasValidationFolder: true })).toBe(false);
    const labels = Int32Array.from({ length: 50_000 }, (_, i) => i % 2);
    const slow = { stages: 'full', unfreeze_from: null } as const;
    expect(await retrains(slow, 'portable', { labels })).toBe(false);
    expect(await retrains({ stages: 'full' }, 'gpu', { labels })).toBe(true);
    // Later attempts do as the first one, also where an earlier version decided.
    const { resolved } = await decide(slow, 'portable', { labels });
    expect(await retrains(slow, 'native', { resolved })).toBe(false);
    const first = await decide({ stages: 'full' }, 'native');
    expect(await retrains(slow, 'portable', { labels, resolved: first.resolved })).toBe(true);
  });

  it('lets all folds decide where the estimate has time for it, says so, and later attempts do the same', async () => {
    const foldsOf = async (...asked: Parameters<typeof decide>) =>
      (await decide(...asked)).stages.get('full')?.folds;
    const few = await decide({ stages: 'full' }, 'native');
    expect(few.stages.get('full')?.folds).toBe(5);
    expect(few.resolved.reasons.join()).toContain('trained 6 times: without each of 5 folds');
    expect(await foldsOf({ stages: 'full' }, 'portable')).toBe(1);
    expect(await foldsOf({ stages: 'full' }, 'native', { hasValidationFolder: true })).toBe(1);
    const labels = Int32Array.from({ length: 50_000 }, (_, i) => i % 2);
    expect(await foldsOf({ stages: 'full' }, 'native', { labels })).toBe(1);
    expect(await foldsOf({ stages: 'full' }, 'gpu', { labels })).toBe(1);
    expect(await foldsOf({ stages: 'full' }, 'portable', { labels, resolved: few.resolved })).toBe(5);
    // As an earlier version has decided, which knew of one fold alone.
    const { folds: _, ...full } = few.resolved.stages['full'] ?? {};
    const resolved = { ...few.resolved, stages: { ...few.resolved.stages, full } } as typeof few.resolved;
    expect(await foldsOf({ stages: 'full' }, 'native', { resolved })).toBe(1);
  });

  it('holds to what an earlier attempt decided', async () => {
    const { resolved } = await decide({ stages: 'full' }, 'native');
    expect([...(await decide({}, 'portable', { resolved })).stages.keys()]).toEqual(['head', 'full']);
  });

  it('takes batches in parts where the plan says that they do not fit, and says why', async () => {
    // 43 MB for each picture of 224 × 224.
    const { partSizes, resolved } = await decide({ stages: 'full', unfreeze_from: null }, 'native', {
      memory: { freeBytes: 300e6 },
    });
    expect(partSizes).toEqual({ full: 4 });
    expect(resolved.reasons.join()).toMatch(
      /Gradients of batches of 16 are accumulated over micro-batches of 4: .* needs 69\d MB, and 300 MB/,
    );
    expect((await decide({ stages: 'full' }, 'native')).partSizes).toEqual({});
    const higher = await decide({ stages: 'full', unfreeze_from: 'block_13' }, 'native', {
      memory: { freeBytes: 300e6 },
    });
    expect(higher.partSizes).toEqual({});
    const forbidden = await decide({ stages: 'full', unfreeze_from: null, out_of_memory: [] }, 'native', {
      memory: { freeBytes: 300e6 },
    });
    expect(forbidden.partSizes).toEqual({});
  });

  it('gives the epochs that are asked for to the last stage', async () => {
    const hyperparameters = { n_epochs: 3, batch_size: 8, learning_rate_multiplier: 2 };
    const { resolved } = await decide({ stages: 'full' }, 'native', { hyperparameters });
    expect(resolved.stages['full']).toMatchObject({ epochs: 3, batchSize: 8, learningRate: 6e-4 });
    expect(resolved.stages['head']).toMatchObject({ epochs: 60, batchSize: 8 });
  });

  it('gives the head fewer epochs where an epoch has more pictures', async () => {
    const labels = Int32Array.from({ length: 150_000 }, (_, i) => i % 2);
    const { stages, resolved } = await decide({}, 'native', { labels });
    expect(stages.get('head')).toMatchObject({ epochs: 5 });
    expect(resolved.featureViews).toBe(0);
  });

  it('knows the settings of the course', async () => {
    const { stages } = await decide({ preset: 'course' }, 'native');
    const head = stages.get('head');
    const full = stages.get('full');
    expect(head).toMatchObject({ epochs: 5, optimizer: { type: 'sgd', momentum: 0.9 } });
    expect([head?.learningRate(0, 1), head?.learningRate(100, 1)]).toEqual([0.2, 0.1]);
    expect(full).toMatchObject({ epochs: 40, optimizer: { type: 'sgd', momentum: 0.9, nesterov: true } });
    expect([full?.learningRate(0, 1), full?.learningRate(1000, 1)]).toEqual([0.01, 0.005]);
  });

  it('trains the last stage of the network unless asked, and all of it as in the course', async () => {
    expect((await decide({ stages: 'full' }, 'native')).resolved.unfreezeFrom).toBe('block_13_expand');
    expect((await decide({ preset: 'course' }, 'native')).resolved.unfreezeFrom).toBeNull();
    const asked = await decide({ stages: 'full', unfreeze_from: 'block_16' }, 'native');
    expect(asked.resolved.unfreezeFrom).toBe('block_16');
    expect((await decide({}, 'native')).resolved.unfreezeFrom).toBeNull();
  });

  it('gives the first layer the share of the learning rate that is asked for', async () => {
    const asked = await decide({ stages: 'full', first_layer_rate: 0.1 }, 'native');
    expect(asked.stages.get('full')?.firstLayerRate).toBe(0.1);
    expect(asked.resolved.stages['full']).toMatchObject({ firstLayerRate: 0.1 });
    const course = await decide({ preset: 'course' }, 'native');
    expect(course.stages.get('full')?.firstLayerRate).toBe(1);
  });

  it('gives a layer the same rate where others are frozen below it, and lower layers lower rates', async () => {
    const rateFrom = async (unfreeze_from: string | null) =>
      (await decide({ stages: 'full', unfreeze_from }, 'native')).stages.get('full')?.firstLayerRate ?? 0;
    const network = findArchitecture(MOBILENET).build({
      inputSize: { height: 224, width: 224, channels: 3 },
      classes: 2,
    });
    expect(await rateFrom(null)).toBe(0.15);
    const rate = layerRates(network, 0.15)('block_13_expand');
    expect(await rateFrom('block_13')).toBeCloseTo(rate, 2);
    expect(rate).toBeGreaterThan(0.5);
  });

  it('warms up, and ends at a learning rate of 0', async () => {
    const full = (await decide({ stages: 'full' }, 'native')).stages.get('full');
    const rates = Array.from({ length: 100 }, (_, step) => full?.learningRate(step, 100) as number);
    expect(rates[0]).toBeLessThan(0.1 * Math.max(...rates));
    expect(rates.indexOf(Math.max(...rates))).toBe(10);
    expect(rates[99]).toBeLessThan(1e-6);
  });

  it('weights classes of unequal size, and those alone', async () => {
    const labels = Int32Array.from({ length: EXAMPLES }, (_, i) => (i % 4 === 0 ? 1 : 0));
    expect((await decide({}, 'native')).resolved.imbalance).toBe('none');
    const { resolved } = await decide({}, 'native', { labels, ...IN_EPOCHS });
    expect(resolved.imbalance).toBe('class_weights');
    expect(resolved.reasons.join()).toContain('3.0 times');
    expect((await decide({ imbalance: 'none' }, 'native', { labels })).resolved.imbalance).toBe('none');
  });

  it('adjusts a head that is solved by the class prior, and weights the classes of a second stage', async () => {
    const labels = Int32Array.from({ length: EXAMPLES }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const { resolved, exactHead } = await decide({}, 'native', { labels });
    expect(exactHead?.balance).toBe('prior');
    expect(resolved).toMatchObject({ imbalance: 'none', stages: { head: { adjustsLogits: true } } });
    const full = await decide({ stages: 'full' }, 'native', { labels });
    expect(full.exactHead?.balance).toBe('prior');
    expect(full.resolved.imbalance).toBe('class_weights');
    const balanceOf = async (imbalance: Recipe['imbalance']) =>
      (await decide({ imbalance }, 'native', { labels })).exactHead?.balance;
    expect([
      await balanceOf('none'),
      await balanceOf('class_weights'),
      await balanceOf('balanced_sampling'),
    ]).toEqual(['none', 'weights', 'weights']);
  });

  it('solves the head where the request leaves its training to auto', async () => {
    expect((await decide({}, 'native')).resolved.stages['head']).toMatchObject({
      optimizer: 'l-bfgs',
      epochs: 1,
      batchSize: EXAMPLES + 100,
    });
    const { hyperparameters } = await createJob({});
    for (const asked of [{ n_epochs: 3 }, { batch_size: 8 }, { learning_rate_multiplier: 2 }])
      expect(
        (await decide({}, 'native', { hyperparameters: { ...hyperparameters, ...asked } })).exactHead,
      ).toBeUndefined();
    expect((await decide({ preset: 'course' }, 'native')).exactHead).toBeUndefined();
    // Its head has a hidden layer.
    expect((await decide({}, 'native', { architecture: 'mobilenet_v3_small' })).exactHead).toBeUndefined();
    expect((await decide({}, 'native', { architecture: 'convnext_tiny' })).exactHead).toBeDefined();
    expect((await decide({}, 'native', { architecture: 'small_cnn' })).exactHead).toBeUndefined();
  });

  it('keeps to the epochs of a job that another version decided', async () => {
    const { resolved } = await decide({}, 'native', IN_EPOCHS);
    expect((await decide({}, 'native', { resolved })).exactHead).toBeUndefined();
    const solved = await decide({}, 'native');
    expect((await decide({}, 'native', { resolved: solved.resolved })).exactHead).toEqual(solved.exactHead);
  });

  it('holds the validation split out where something else is chosen by it', async () => {
    const usesValidation = async (...asked: Parameters<typeof decide>) =>
      (await decide(...asked)).exactHead?.usesValidation;
    expect(await usesValidation({}, 'native')).toBe(true);
    expect(await usesValidation({}, 'native', { hasValidationFolder: true })).toBe(false);
    // A fold decides on a second stage, but other trials of a sweep have only the split.
    expect(await usesValidation({ stages: 'full' }, 'native')).toBe(true);
    expect(await usesValidation({}, 'native', { sweep: { stages: ['head', 'full'] } })).toBe(false);
    expect(await usesValidation({}, 'native', { sweep: { n_epochs: ['auto', 5] } })).toBe(false);
    expect(await usesValidation({}, 'native', { sweep: { augmentation: ['none', 'auto'] } })).toBe(true);
  });

  it('gives a head the same views with and without a stage after it, so that both share their features', async () => {
    const head = await decide({}, 'native');
    const full = await decide({ stages: 'full' }, 'native');
    expect(head.viewAugmentation).toEqual(head.resolved.augmentation);
    expect(full.viewAugmentation).toEqual(head.viewAugmentation);
    expect(full.resolved.augmentation).toEqual(FULL_AUGMENTATION);
    const asked = await decide({ stages: 'full', augmentation: 'course' }, 'native');
    expect([asked.viewAugmentation, asked.resolved.augmentation]).toEqual([
      AUGMENTATIONS.course,
      AUGMENTATIONS.course,
    ]);
  });

  it('computes views of the pictures where they come out changed, and none otherwise', async () => {
    const viewsOf = async (augmentation: Partial<Augmentation>) => {
      const recipe = RecipeSchema.parse({ augmentation });
      return (await decide(recipe, 'native')).resolved.featureViews;
    };
    expect(await viewsOf({})).toBe(0);
    expect(await viewsOf({ mixup: 0.2 })).toBe(0);
    expect(await viewsOf({ aspect: 1.2 })).toBe(4);
    expect((await decide({ augmentation: 'strong' }, 'native')).resolved.featureViews).toBe(4);
  });

  it('mixes pictures in no stage but those that learn from pictures', async () => {
    const head = await decide({ augmentation: 'strong' }, 'native');
    expect(head.resolved.augmentation).toEqual({ ...AUGMENTATIONS.strong, mixup: 0, cutmix: 0 });
    const full = await decide({ augmentation: 'strong', stages: 'full' }, 'native');
    expect(full.resolved.augmentation).toEqual(AUGMENTATIONS.strong);
    expect(full.viewAugmentation).toEqual(head.viewAugmentation);
    const scratch = await decide({ augmentation: 'strong' }, 'native', { architecture: 'small_cnn' });
    expect(scratch.resolved.augmentation).toEqual(AUGMENTATIONS.strong);
  });

  it('trains what has no pretrained weights from scratch, on the pictures as they are', async () => {
    const { stages, resolved } = await decide({}, 'native', { architecture: 'small_cnn' });
    expect([...stages.keys()]).toEqual(['scratch']);
    expect(resolved.augmentation).toMatchObject({ crop: 1, flip: 0 });
  });
});

describe('decideRecipe on a GPU', () => {
  const RESNET = 'resnet50';
  /** As many pictures as the largest batch needs. */
  const MANY = Int32Array.from({ length: 20_000 }, (_, i) => i % 2);

  it('trains all layers in both stages, in mixed precision, and says why', async () => {
    const { stages, resolved } = await decide({}, 'gpu', { architecture: RESNET, labels: MANY });
    expect([...stages.keys()]).toEqual(['head', 'full']);
    expect(resolved).toMatchObject({
      unfreezeFrom: null,
      augmentation: FULL_AUGMENTATION,
      backend: 'gpu',
    });
    expect([stages.get('head')?.precision, stages.get('full')?.precision]).toEqual(['float32', 'mixed']);
    expect(resolved.stages).toMatchObject({ head: { precision: 'float32' }, full: { precision: 'mixed' } });
    expect(resolved.reasons.join()).toContain('recipe.stages "head" leaves them frozen');
    expect(describeStages(resolved)[1]).toContain('mixed precision');
  });

  it('trains the head alone on few pictures, and says why', async () => {
    const { stages, resolved } = await decide({}, 'gpu', { labels: MANY.subarray(0, 1999) });
    expect([...stages.keys()]).toEqual(['head']);
    expect(resolved.reasons.join()).toContain('fewer than 2000 training pictures');
  });

  it('leaves to a recipe what it asks for', async () => {
    const head = await decide({ stages: 'head' }, 'gpu');
    expect([...head.stages.keys()]).toEqual(['head']);
    const asked = await decide({ stages: 'full', unfreeze_from: 'block_16', precision: 'float32' }, 'gpu', {
      labels: MANY,
      hyperparameters: { n_epochs: 'auto', batch_size: 8, learning_rate_multiplier: 1 },
    });
    expect(asked.resolved).toMatchObject({
      unfreezeFrom: 'block_16',
      stages: { full: { batchSize: 8, learningRate: 3e-4, precision: 'float32' } },
    });
    const course = await decide({ preset: 'course' }, 'gpu', { labels: MANY });
    expect(course.resolved.stages['full']).toMatchObject({ batchSize: 32, learningRate: 0.01 });
    const everywhere = await decide({ stages: 'full', precision: 'mixed' }, 'native');
    expect([...everywhere.stages.values()].map(({ precision }) => precision)).toEqual(['mixed', 'mixed']);
  });

  it('takes the largest batch that fits and leaves enough updates, with a learning rate and an EMA for it', async () => {
    const large = (await decide({}, 'gpu', { labels: MANY })).stages.get('full');
    expect(large).toMatchObject({ batchSize: 256, peak: 12e-4 });
    expect(large?.emaDecay).toBeCloseTo(0.98 ** 16, 12);
    // 43 MB for each picture of 224 × 224, and four fifths of the memory are planned.
    const small = await decide({}, 'gpu', { labels: MANY, memory: { freeBytes: 3.5e9 } });
    expect(small.resolved.stages['full']).toMatchObject({ batchSize: 64, learningRate: 6e-4 });
    expect(small.partSizes).toEqual({});
    expect(small.resolved.reasons.join()).toMatch(
      /Batches of 64 pictures instead of 16 .* by the plan 6\d would fit/,
    );
    const few = await decide({ stages: 'full' }, 'gpu', { labels: MANY.slice(0, 200) });
    expect(few.resolved.stages['full']).toMatchObject({ batchSize: 16, learningRate: 3e-4 });
  });

  it('computes in 16 bits unless there are depthwise convolutions', async () => {
    const precisionOf = async (architecture: string) =>
      (await decide({}, 'gpu', { architecture, labels: MANY })).stages.get('full')?.precision;
    expect(await precisionOf(MOBILENET)).toBe('float32');
    expect(await precisionOf(RESNET)).toBe('mixed');
  });

  it('is kept to on processors, in float32 and in micro-batches', async () => {
    const { resolved } = await decide({}, 'gpu', { architecture: RESNET, labels: MANY });
    const moved = await decide({}, 'native', {
      architecture: RESNET,
      labels: MANY,
      resolved,
      memory: { freeBytes: 8e9 },
    });
    expect(moved.resolved.unfreezeFrom).toBeNull();
    expect(moved.stages.get('full')).toMatchObject({
      batchSize: 256,
      peak: resolved.stages['full']?.learningRate,
      precision: 'float32',
    });
    expect(moved.partSizes).toEqual({ full: 32 });
  });

  it('does not unfreeze what was decided on processors', async () => {
    const { resolved } = await decide({}, 'native');
    expect([...(await decide({}, 'gpu', { resolved })).stages.keys()]).toEqual(['head']);
    const full = await decide({ stages: 'full' }, 'native', { labels: MANY });
    const moved = await decide({ stages: 'full' }, 'gpu', { labels: MANY, resolved: full.resolved });
    expect(moved.resolved).toMatchObject({
      unfreezeFrom: 'block_13_expand',
      stages: { full: { batchSize: 16, precision: 'float32' } },
    });
  });
});

describe('a job record', () => {
  it('of a time without recipes is read with the defaults', async () => {
    const { recipe: _, resolved: __, ...old } = await createJob({});
    expect(JobRecordSchema.parse(old)).toMatchObject({ recipe: { preset: 'default' }, resolved: null });
  });
});

describe('isTrainableFrom', () => {
  const architecture = findArchitecture(MOBILENET);
  const network = architecture.build({ inputSize: architecture.defaultInputSize, classes: 2 });

  it('takes a layer or a block, and all after it', () => {
    const fromBlock = isTrainableFrom(network, 'block_13');
    expect(fromBlock('block_12_project')).toBe(false);
    expect(fromBlock('block_13_expand')).toBe(true);
    expect(fromBlock('predictions')).toBe(true);
    expect(isTrainableFrom(network, 'Conv1')('Conv1')).toBe(true);
  });

  it('rejects a name that no layer has', () => {
    expect(() => isTrainableFrom(network, 'block_99')).toThrow(
      expect.objectContaining({ code: 'layer-unknown', param: 'recipe.unfreeze_from' }),
    );
  });
});

describe('describeStages', () => {
  it('says what learns, and how fast', async () => {
    const { resolved } = await decide({ stages: 'full', first_layer_rate: 0.1 }, 'native');
    expect(describeStages(resolved)).toEqual([
      'head: solved exactly on 500 pictures, the L2 penalty chosen by cross-validation',
      'full: 12 epochs, batches of 16, adamw at 0.0003, from block_13_expand on, 0.1 of the rate in the first layer, ' +
        'trained again on all pictures where 5 folds decide for it',
    ]);
    expect(describeStages((await decide({}, 'native', IN_EPOCHS)).resolved)).toEqual([
      'head: 60 epochs, batches of 32, adam at 0.001',
    ]);
  });
});

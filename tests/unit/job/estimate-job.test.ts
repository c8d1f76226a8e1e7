import { describe, expect, it } from 'vitest';
import { estimateJob, type JobMachine } from '../../../core/job/estimate/estimate-job.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { newJob } from '../../support/new-job.ts';

const T4: JobMachine = {
  name: 'g4dn.xlarge',
  gpu: 'T4',
  vcpus: 4,
  usdPerHour: 0.526,
  priceBasis: 'On-demand price of g4dn.xlarge in us-east-1 on 2025-11-01.',
};
const CPU: JobMachine = { name: 'this machine', vcpus: 4, usdPerHour: 0, priceBasis: 'It has none.' };
const PETS = { train: 3000, validation: 600, test: 400, classes: 37 };
const resnet = (recipe: object = {}) =>
  newJob({ architecture: 'resnet50', recipe: RecipeSchema.parse(recipe) });
/** The job with five epochs: processors have no time for more than some. */
const ofFiveEpochs = (job: ReturnType<typeof newJob>) => ({
  ...job,
  hyperparameters: { ...job.hyperparameters, n_epochs: 5 },
});

describe('estimateJob', () => {
  it('goes by the back end that the job will have on the machine', () => {
    const job = ofFiveEpochs(resnet({ stages: 'full' }));
    const gpuOf = (of: typeof job, machine: JobMachine) => estimateJob(of, PETS, machine).machine.gpu;
    expect(gpuOf(job, T4)).toBe('T4');
    expect(gpuOf({ ...job, backend: 'native' }, T4)).toBeUndefined();
    expect(
      gpuOf(job, { ...T4, backends: { best: 'native', missing: { gpu: 'no driver' } } }),
    ).toBeUndefined();
    const unknownGpu = estimateJob(job, PETS, { ...CPU, backends: { best: 'gpu', missing: {} } });
    expect(unknownGpu.basis[0]).toContain('GPU, which is counted as a T4');
    const portable = estimateJob(job, PETS, { ...CPU, backends: { best: 'portable', missing: {} } });
    expect(portable.seconds).toBe(estimateJob({ ...job, backend: 'portable' }, PETS, CPU).seconds);
    expect(portable.seconds).toBeGreaterThan(1.5 * estimateJob(job, PETS, CPU).seconds);
    expect(estimateJob(job, PETS, CPU).basis.join(' ')).toContain('are not known yet');
  });

  it('adds up the parts, at the price of the machine, and says what it rests on', () => {
    const { seconds, usd, parts, basis } = estimateJob(resnet({ stages: 'full' }), PETS, T4);
    expect(parts.map(({ name, epochs }) => [name, epochs])).toEqual([
      ['start', null],
      ['head', null],
      ['full', 12],
      ['retrain', 12],
      ['report', null],
    ]);
    expect(seconds).toBeCloseTo(parts.reduce((sum, part) => sum + part.seconds, 0));
    expect(usd).toBeCloseTo((seconds / 3600) * 0.526);
    expect(basis.join(' ')).toMatch(/T4.*interrupted.*us-east-1 on 2025-11-01/);
    // Twelve epochs of 3,000 pictures at the plan's 136 a second, three times as fast where XLA has compiled for 80 s.
    expect(parts[2]?.seconds).toBeGreaterThan(80 + (12 * 3000) / (3 * 140));
    expect(parts[2]?.seconds).toBeLessThan(90 + (12 * 3000) / (3 * 90));
  });

  it('gives the epochs that are asked for to the last stage', () => {
    const job = {
      ...resnet({ stages: 'full' }),
      hyperparameters: { ...newJob().hyperparameters, n_epochs: 2 },
    };
    const { parts } = estimateJob(job, PETS, T4);
    expect(parts.map(({ epochs }) => epochs)).toEqual([null, null, 2, 2, null]);
    expect(estimateJob({ ...job, recipe: RecipeSchema.parse({}) }, PETS, CPU).parts[1]).toMatchObject({
      name: 'head',
      epochs: 2,
    });
  });

  it('speaks of epochs only where there are some', () => {
    const basisOf = (job: Parameters<typeof estimateJob>[0]) => estimateJob(job, PETS, CPU).basis.join(' ');
    expect(basisOf(resnet({ stages: 'full' }))).toContain('All epochs are counted');
    const head = basisOf(resnet({ stages: 'head' }));
    expect(head).toContain('The head is solved, without epochs. The start of a machine');
    expect(head).not.toContain('early stopping');
  });

  it('shares the batches among the GPUs of a machine, at less than the speed of each alone', () => {
    const job = resnet({ stages: 'full' });
    const four = { ...T4, vcpus: 48, gpuCount: 4 };
    const secondsOf = (machine: JobMachine) => estimateJob(job, PETS, machine).parts[1]?.seconds ?? 0;
    const alone = secondsOf({ ...four, gpuCount: 1 });
    expect(alone / secondsOf(four)).toBeGreaterThan(2);
    expect(alone / secondsOf(four)).toBeLessThan(4);
    const [first, second] = estimateJob(job, PETS, four).basis;
    expect(first).toContain('trains on 4 × T4');
    expect(second).toContain('has not been measured');
    const onProcessors = { ...job, backend: 'native' } as const;
    expect(estimateJob(onProcessors, PETS, four).seconds).toBe(
      estimateJob(onProcessors, PETS, { ...four, gpuCount: 1 }).seconds,
    );
  });

  it('counts every trial of a sweep', () => {
    const head = resnet({ stages: 'head' });
    const { parts, seconds } = estimateJob({ ...head, sweep: { n_epochs: [1, 2] } }, PETS, CPU);
    expect(parts.map(({ name, epochs }) => [name, epochs])).toEqual([
      ['start', null],
      ['trial 1: head', 1],
      ['trial 2: head', 2],
      ['report', null],
    ]);
    expect(seconds).toBeGreaterThan(1.5 * estimateJob(head, PETS, CPU).seconds);
  });

  it('trains all layers where a GPU trains and the recipe leaves it to the machine', () => {
    const partsOn = (machine: JobMachine, recipe: object) => estimateJob(resnet(recipe), PETS, machine).parts;
    expect(partsOn(T4, {})).toEqual(partsOn(T4, { stages: 'full', unfreeze_from: null }));
    expect(partsOn(CPU, {})).toEqual(partsOn(CPU, { stages: 'head' }));
  });

  it('says how a GPU trains a stage, as the trainer will decide it', () => {
    const basisOf = (recipe: object, pictures = PETS, architecture = 'mobilenet_v2_1.0') =>
      estimateJob(newJob({ architecture, recipe: RecipeSchema.parse(recipe) }), pictures, {
        ...T4,
        gpu: 'L4',
      }).basis.join(' ');
    expect(basisOf({})).toContain('the stage "full" in batches of 128, in float32, without a compiler.');
    expect(basisOf({ precision: 'mixed' })).toContain('in mixed precision, without a compiler');
    const many = { ...PETS, train: 100_000 };
    expect(basisOf({}, many, 'resnet50')).toContain('in mixed precision, compiled by XLA.');
    expect(basisOf({}, many)).toContain('in float32, without a compiler');
    expect(basisOf({ stages: 'head' })).not.toContain('the stage');
  });

  it('computes features on the GPU, where pictures are decoded as fast', () => {
    const head = (machine: JobMachine) =>
      estimateJob(resnet({ stages: 'head' }), PETS, machine).parts[1]?.seconds ?? 0;
    const l4 = { ...T4, gpu: 'L4' } as const;
    expect(head({ ...l4, vcpus: 64 })).toBeLessThan(head({ ...CPU, vcpus: 64 }));
    // Four processors decode 400 pictures a second. The head has 37 classes and 2048 features.
    const solving = (4 * 12 * 70 * 3600 * (2048 * 37 + 37)) / (4 * 50e9);
    expect(head(l4)).toBeCloseTo((3000 + 600 + PETS.test) / 400 + solving, 0);
  });

  it('counts the epochs of a head that is trained in them', () => {
    const asked = { ...newJob().hyperparameters, n_epochs: 100 };
    const secondsOf = (n_epochs: number) =>
      estimateJob({ ...resnet({ stages: 'head' }), hyperparameters: { ...asked, n_epochs } }, PETS, CPU)
        .parts[1]?.seconds ?? 0;
    expect(secondsOf(100) - secondsOf(50)).toBeCloseTo(50 * 0.02);
  });

  it('counts what a small job takes whatever its pictures are', () => {
    // Measured: 18 s with two processors, busy with other things.
    const job = newJob({ architecture: 'mobilenet_v2_0.35', recipe: RecipeSchema.parse({}) });
    const pictures = { train: 30, validation: 6, test: 4, classes: 2 };
    const { seconds } = estimateJob(job, pictures, { ...CPU, vcpus: 2 });
    expect(seconds).toBeGreaterThan(9);
    expect(seconds).toBeLessThan(36);
  });

  it('counts the decoding of a picture once, and for each epoch on the portable back end', () => {
    const full = (train: number, backend: 'native' | 'portable') =>
      estimateJob(
        { ...newJob({ architecture: 'small_cnn' }), backend },
        { ...PETS, train, validation: 0 },
        { ...CPU, vcpus: 1 },
      ).parts[1];
    const native = full(400, 'native');
    const epochs = native?.epochs ?? 0;
    // Each decoded once, in 10 ms.
    expect((native?.seconds ?? 0) - 400 * 0.01).toBeLessThan(0.5 * 400 * 0.01 * epochs);
    expect(full(400, 'portable')?.seconds).toBeGreaterThan(400 * 0.01 * epochs);
  });

  it('takes longer without a GPU, and for more pictures', () => {
    const full = ofFiveEpochs(resnet({ stages: 'full', unfreeze_from: null, precision: 'float32' }));
    const seconds = (pictures: typeof PETS, machine: JobMachine) =>
      estimateJob(full, pictures, machine).seconds;
    expect(seconds(PETS, CPU)).toBeGreaterThan(4 * seconds(PETS, T4));
    expect(seconds({ ...PETS, train: 30_000 }, T4)).toBeGreaterThan(5 * seconds(PETS, T4));
    expect(estimateJob(full, PETS, CPU).usd).toBe(0);
  });

  it('counts training again on all pictures, as long as processors have time for both', () => {
    const partsOf = (train: number) =>
      estimateJob(
        { ...resnet({ stages: 'full', unfreeze_from: null }), architecture: 'mobilenet_v2_0.35' },
        { train, validation: train / 5, test: 0, classes: 10 },
        CPU,
      ).parts;
    const secondsOf = (train: number, part: string) =>
      partsOf(train).find(({ name }) => name === part)?.seconds;
    const [folds = 0, again = 0] = [secondsOf(500, 'full'), secondsOf(500, 'retrain')];
    expect(partsOf(500).find(({ name }) => name === 'full')?.folds).toBe(5);
    // Five trainings on four fifths of the pictures, each with more heads to solve.
    expect(folds / again).toBeGreaterThan(4);
    expect(folds / again).toBeLessThan(8);
    expect(secondsOf(8000, 'retrain')).toBeGreaterThan(0);
    expect(partsOf(8000).find(({ name }) => name === 'full')?.folds).toBeUndefined();
    expect(secondsOf(100_000, 'retrain')).toBeUndefined();
    const few = partsOf(8000).find(({ name }) => name === 'full')?.epochs ?? 0;
    expect(few).toBeGreaterThanOrEqual(3);
    expect(few).toBeLessThan(12);
  });

  it('counts the layers below the second stage once', () => {
    const pictures = { train: 454, validation: 88, test: 535, classes: 10 };
    const full = (recipe: object, backend: 'auto' | 'portable' = 'auto') => {
      const job = newJob({
        architecture: 'mobilenet_v2_1.0',
        backend,
        hyperparameters: { ...newJob().hyperparameters, n_epochs: 30 },
        recipe: RecipeSchema.parse({ stages: 'full', ...recipe }),
      });
      const { seconds = 0, folds = 1 } = estimateJob(job, pictures, CPU).parts[2] ?? {};
      // The portable back end has time for one fold.
      return seconds / folds;
    };
    expect(full({ unfreeze_from: null })).toBeGreaterThan(4 * full({}));
    expect(full({ unfreeze_from: 'block_15' })).toBeLessThan(full({}));
    // Its lower layers answer as fast as ever.
    expect(full({}, 'portable')).toBeGreaterThan(1.5 * full({}));
    expect(full({}, 'portable')).toBeLessThan(3 * full({}));
    expect(() => full({ unfreeze_from: 'block_99' })).toThrow(
      expect.objectContaining({ code: 'layer-unknown' }),
    );
  });

  it('counts views of the pictures where they come out changed', () => {
    const secondsWith = (augmentation: object | string) =>
      estimateJob(resnet({ augmentation }), { ...PETS, train: 300 }, CPU).parts[1]?.seconds ?? 0;
    expect(secondsWith({})).toBe(secondsWith('none'));
    expect(secondsWith({ aspect: 1.2 })).toBe(secondsWith('auto'));
    expect(secondsWith('auto')).toBeGreaterThan(secondsWith('none'));
  });

  it('trains from scratch what has no pretrained weights', () => {
    const { parts } = estimateJob(newJob(), { ...PETS, train: 400, classes: 5 }, CPU);
    expect(parts.map(({ name, epochs }) => [name, epochs])).toEqual([
      ['start', null],
      ['scratch', 25],
      ['report', null],
    ]);
  });
});

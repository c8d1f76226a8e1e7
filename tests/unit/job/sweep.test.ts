import { describe, expect, it } from 'vitest';
import { NO_SAVINGS } from '../../../core/job/recipe/memory-record.ts';
import {
  applyTrial,
  bestTrial,
  describeTrial,
  SweepSchema,
  trialsOf,
} from '../../../core/job/recipe/sweep.ts';
import { newJob } from '../../support/new-job.ts';

const parse = (sweep: unknown) => SweepSchema.safeParse(sweep);
const trial = (number: number, validationLoss: number) => ({
  trial: number,
  settings: {},
  validationLoss,
  validationAccuracy: 0.5,
  givenUp: { savings: NO_SAVINGS, taken: [] },
});

const CROP = { crop: 0.9, aspect: 1, flip: 0.5, rotation: 0, color: 0, cutout: 0, mixup: 0, cutmix: 0 };

describe('a sweep', () => {
  it('tries every combination, the last setting changing fastest', () => {
    const sweep = SweepSchema.parse({ learning_rate_multiplier: [1, 3], augmentation: ['none', 'strong'] });
    expect(trialsOf(sweep)).toEqual([
      { learning_rate_multiplier: 1, augmentation: 'none' },
      { learning_rate_multiplier: 1, augmentation: 'strong' },
      { learning_rate_multiplier: 3, augmentation: 'none' },
      { learning_rate_multiplier: 3, augmentation: 'strong' },
    ]);
  });

  it.each([
    ['one combination', { stages: ['head'] }],
    ['no setting', {}],
    ['no value', { stages: [] }],
    ['more than 16 combinations', { n_epochs: [1, 2, 3, 4, 5], batch_size: [1, 2, 4, 8] }],
    ['a value that a job could not have', { learning_rate_multiplier: [1, -1] }],
    ['a setting that there is not', { momentum: [0.5, 0.9] }],
  ])('rejects %s', (_, sweep) => {
    expect(parse(sweep).success).toBe(false);
  });

  it("puts a trial's settings in the place of the job's, and leaves the others", () => {
    const job = newJob({ hyperparameters: { n_epochs: 4, batch_size: 8, learning_rate_multiplier: 2 } });
    const { hyperparameters, recipe, seed } = applyTrial(job, {
      learning_rate_multiplier: 3,
      augmentation: CROP,
      unfreeze_from: null,
    });
    expect(hyperparameters).toEqual({ n_epochs: 4, batch_size: 8, learning_rate_multiplier: 3 });
    expect(recipe).toEqual({ ...job.recipe, augmentation: CROP, unfreeze_from: null });
    expect(seed).toBe(job.seed);
  });

  it('is won by the lowest validation loss, the first of equal ones', () => {
    expect(bestTrial([trial(1, 0.5), trial(3, 0.2), trial(2, 0.2)])?.trial).toBe(2);
    expect(bestTrial([])).toBeUndefined();
  });

  it('is won by the lowest loss with every class counted alike, where all trials tell it', () => {
    const balanced = (number: number, loss: number, balancedLoss: number) => ({
      ...trial(number, loss),
      balancedLoss,
    });
    expect(bestTrial([balanced(1, 0.1, 0.9), balanced(2, 0.2, 0.5)])?.trial).toBe(2);
    expect(bestTrial([balanced(1, 0.1, 0.9), trial(2, 0.2)])?.trial).toBe(1);
  });

  it('is told in words', () => {
    expect(describeTrial({ learning_rate_multiplier: 3, augmentation: 'none', unfreeze_from: null })).toBe(
      'learning_rate_multiplier 3, augmentation none, unfreeze_from null',
    );
  });
});

// A sweep: settings of a job that are tried in every combination, and the results. Knows nothing of how training works.

import { z } from 'zod';
import { present } from '../../present.ts';
import { type Hyperparameters, HyperparametersSchema } from './hyperparameters.ts';
import { NO_SAVINGS, TakenRemediesSchema } from './memory-record.ts';
import { type Recipe, RecipeSchema } from './recipe.ts';

/** Number of trials of a sweep at most; each is a training of its own. */
export const MAX_TRIALS = 16;

const { n_epochs, batch_size, learning_rate_multiplier } = HyperparametersSchema.shape;
const { stages, unfreeze_from, first_layer_rate, augmentation, imbalance } = RecipeSchema.shape;
/** The values of a setting that are tried. */
const values = <T extends z.ZodType>(setting: z.ZodDefault<T> | z.ZodOptional<T>) =>
  z
    .array(setting.unwrap())
    .min(1)
    .max(MAX_TRIALS)
    .optional()
    .describe(`Values to try: ${present(setting.description, 'a description of the setting')}`);

/** The values to try for each setting. There are 2 to {@link MAX_TRIALS} combinations. */
export const SweepSchema = z
  .strictObject({
    n_epochs: values(n_epochs),
    batch_size: values(batch_size),
    learning_rate_multiplier: values(learning_rate_multiplier),
    stages: values(stages),
    unfreeze_from: values(unfreeze_from),
    first_layer_rate: values(first_layer_rate),
    augmentation: values(augmentation),
    imbalance: values(imbalance),
  })
  .refine((sweep) => countTrials(sweep) >= 2 && countTrials(sweep) <= MAX_TRIALS, {
    message: `the combinations of its values must be 2 to ${MAX_TRIALS}`,
  });
/** The values to try for each setting. */
export type Sweep = z.infer<typeof SweepSchema>;

/** One combination of a sweep: a value for each setting. */
export type TrialSettings = { readonly [name in keyof Sweep]?: NonNullable<Sweep[name]>[number] };

/** A finished trial, as it is stored in a job's record. */
export const TrialSchema = z.object({
  trial: z.number().int().min(1).describe('Number of the trial, from 1, in the order of the combinations.'),
  settings: z.record(z.string(), z.unknown()).describe('Value of each setting of the sweep.'),
  validationLoss: z
    .number()
    .describe(
      'Cross-entropy of the best weights on pictures held out (the validation split, or folds that took its place), in nats.',
    ),
  validationAccuracy: z.number().describe('Accuracy of the same weights on the same pictures, 0 to 1.'),
  balancedLoss: z
    .number()
    .optional()
    .describe(
      'The same loss with every class counted alike, by which trials are compared where classes are unequal; absent elsewhere.',
    ),
  /** The out-of-memory remedies with which it was trained, and with which the winner is exported. */
  givenUp: TakenRemediesSchema.default({ savings: NO_SAVINGS, taken: [] }),
});
/** A finished trial. */
export type Trial = z.infer<typeof TrialSchema>;

/** A trial that failed because of its settings. On a machine with as much memory it would fail again. */
export const FailedTrialSchema = z.object({
  /** Number of the trial, from 1. */
  trial: z.number().int().min(1),
  error: z.object({ code: z.string(), message: z.string() }),
  /** Memory of the device on which it failed, in bytes. */
  deviceBytes: z.number(),
});
/** A trial that failed. */
export type FailedTrial = z.infer<typeof FailedTrialSchema>;

const countTrials = (sweep: Readonly<Record<string, readonly unknown[] | undefined>>): number =>
  Object.values(sweep).reduce((product, options) => product * (options?.length ?? 1), 1);

/** All combinations of a sweep. The setting that comes last in the request changes fastest. */
export function trialsOf(sweep: Sweep): TrialSettings[] {
  let trials: TrialSettings[] = [{}];
  for (const [name, options] of Object.entries(sweep)) {
    trials = trials.flatMap((trial) => (options ?? []).map((value) => ({ ...trial, [name]: value })));
  }
  return trials;
}

/** A job with the settings of a trial in the place of its own. */
export function applyTrial<T extends { readonly hyperparameters: Hyperparameters; readonly recipe: Recipe }>(
  job: T,
  settings: TrialSettings,
): T {
  const { n_epochs, batch_size, learning_rate_multiplier, ...recipe } = settings;
  return {
    ...job,
    hyperparameters: HyperparametersSchema.parse({
      ...job.hyperparameters,
      ...given({ n_epochs, batch_size, learning_rate_multiplier }),
    }),
    recipe: RecipeSchema.parse({ ...job.recipe, ...given(recipe) }),
  };
}

const given = (settings: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

/** Adds a trial to others, in the order of their numbers. It replaces one with the same number. */
export const withTrial = <T extends { readonly trial: number }>(trials: readonly T[], trial: T): T[] =>
  [...trials.filter((known) => known.trial !== trial.trial), trial].sort((a, b) => a.trial - b.trial);

/**
 * The trial with the lowest loss on pictures held out; of equally good ones the first. Undefined where there is none. Every class counts
 * alike where all trials tell the loss so.
 */
export function bestTrial(trials: readonly Trial[]): Trial | undefined {
  const isBalanced = trials.every(({ balancedLoss }) => balancedLoss !== undefined);
  const lossOf = ({ validationLoss, balancedLoss = validationLoss }: Trial) =>
    isBalanced ? balancedLoss : validationLoss;
  return trials
    .toSorted((a, b) => a.trial - b.trial)
    .reduce<Trial | undefined>(
      (best, trial) => (best === undefined || lossOf(trial) < lossOf(best) ? trial : best),
      undefined,
    );
}

/** Describes the settings of a trial, e.g. `learning_rate_multiplier 3, augmentation none`. */
export const describeTrial = (settings: Readonly<Record<string, unknown>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

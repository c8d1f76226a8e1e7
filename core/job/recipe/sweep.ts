// A small sweep: settings of a job that are tried in every combination, and what came of each. Knows nothing of how
// training works.

import { z } from 'zod';
import { present } from '../../present.ts';
import { type Hyperparameters, HyperparametersSchema } from './hyperparameters.ts';
import { NO_SAVINGS, TakenRemediesSchema } from './memory-record.ts';
import { type Recipe, RecipeSchema } from './recipe.ts';

/** Trials of a sweep: each is a training of its own. */
export const MAX_TRIALS = 16;

const { n_epochs, batch_size, learning_rate_multiplier } = HyperparametersSchema.shape;
const { stages, unfreeze_from, first_layer_rate, augmentation, imbalance } = RecipeSchema.shape;
/** The values of a setting that are tried; described as the setting itself is. */
const values = <T extends z.ZodType>(setting: z.ZodDefault<T>) =>
  z
    .array(setting.unwrap())
    .min(1)
    .max(MAX_TRIALS)
    .optional()
    .describe(`Values to try: ${present(setting.description, 'a description of the setting')}`);

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
export type Sweep = z.infer<typeof SweepSchema>;

/** One combination: a value for each setting of the sweep. */
export type TrialSettings = { readonly [name in keyof Sweep]?: NonNullable<Sweep[name]>[number] };

/** A trial that is over, as a job's record and a report tell of it. */
export const TrialSchema = z.object({
  trial: z.number().int().min(1).describe('Number of the trial, from 1, in the order of the combinations.'),
  settings: z.record(z.string(), z.unknown()).describe('Its value for each setting of the sweep.'),
  validationLoss: z
    .number()
    .describe('Cross-entropy on the validation split, in nats, of the weights that are kept.'),
  validationAccuracy: z.number().describe('Share of the validation split that the same weights get right.'),
  /** With what its weights were trained, and the winner is exported. */
  givenUp: TakenRemediesSchema.default({ savings: NO_SAVINGS, taken: [] }),
});
export type Trial = z.infer<typeof TrialSchema>;

/** A trial that its own settings brought to nothing. On a machine like that it would come to nothing again. */
export const FailedTrialSchema = z.object({
  /** From 1. */
  trial: z.number().int().min(1),
  error: z.object({ code: z.string(), message: z.string() }),
  /** Memory of the device that it failed on, bytes. */
  deviceBytes: z.number(),
});
export type FailedTrial = z.infer<typeof FailedTrialSchema>;

const countTrials = (sweep: Readonly<Record<string, readonly unknown[] | undefined>>): number =>
  Object.values(sweep).reduce((product, options) => product * (options?.length ?? 1), 1);

/** Every combination; the setting that comes last in the request changes fastest. */
export function trialsOf(sweep: Sweep): TrialSettings[] {
  let trials: TrialSettings[] = [{}];
  for (const [name, options] of Object.entries(sweep)) {
    trials = trials.flatMap((trial) => (options ?? []).map((value) => ({ ...trial, [name]: value })));
  }
  return trials;
}

/** What a trial trains by: the job's own settings with the trial's in their place. */
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

/** With one more, in their order; a repeated one takes the place of the first. */
export const withTrial = <T extends { readonly trial: number }>(trials: readonly T[], trial: T): T[] =>
  [...trials.filter((known) => known.trial !== trial.trial), trial].sort((a, b) => a.trial - b.trial);

/** The trial with the lowest validation loss; of equal ones the first. Undefined where there is none. */
export const bestTrial = (trials: readonly Trial[]): Trial | undefined =>
  trials
    .toSorted((a, b) => a.trial - b.trial)
    .reduce<Trial | undefined>(
      (best, trial) => (best === undefined || trial.validationLoss < best.validationLoss ? trial : best),
      undefined,
    );

/** E.g. `learning_rate_multiplier 3, augmentation none`. */
export const describeTrial = (settings: Readonly<Record<string, unknown>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

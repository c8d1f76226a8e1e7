// The body of POST /v1/fine_tuning/jobs: OpenAI's, and Fovea's own extras. Says what is allowed; what it means is said
// in routes/new-job.ts.

import { z } from 'zod';
import { HyperparametersSchema } from '../core/job/recipe/hyperparameters.ts';
import { PROMOTE_DESCRIPTION, PROMOTE_POLICIES } from '../core/job/recipe/promote-policy.ts';
import { RecipeSchema } from '../core/job/recipe/recipe.ts';
import { SweepSchema } from '../core/job/recipe/sweep.ts';
import { BACKENDS, SplitFractionsSchema } from '../core/job/record/job.ts';
import { isModelName, MODEL_NAME_MAX_LENGTH, NAME_PATTERNS } from '../core/model/model-name.ts';
import { present } from '../core/present.ts';

import { SnapshotIdSchema } from './dataset-snapshot.ts';
import { FILE_NAME_PATTERN, NAME_MAX_BYTES } from './file-name.ts';

const NAME_MAX_LENGTH = 100;
// As OpenAI limits them.
const METADATA_PAIRS_MAX = 16;
const METADATA_KEY_MAX_LENGTH = 64;
const METADATA_VALUE_MAX_LENGTH = 512;
const SEED_MAX = 2147483647;
const MAX_COST_USD_MAX = 100_000;

const NO_VALIDATION_FILE =
  'a second file is not supported; put its pictures into a folder validation/ of the dataset, beside train/, or leave them to "split"';
const NO_INTEGRATIONS =
  'they are not supported; leave them out, and read the metrics from the events or the TensorBoard file of the job';

/** Pairs of text that a client keeps with what it makes. */
export const MetadataSchema = z
  .record(z.string().max(METADATA_KEY_MAX_LENGTH), z.string().max(METADATA_VALUE_MAX_LENGTH))
  .refine((metadata) => Object.keys(metadata).length <= METADATA_PAIRS_MAX, {
    message: `at most ${METADATA_PAIRS_MAX} pairs`,
  });

const { n_epochs, batch_size, learning_rate_multiplier } = HyperparametersSchema.shape;
const choice = <T extends z.ZodType>(setting: z.ZodDefault<T>) =>
  setting
    .unwrap()
    .optional()
    .meta({ description: present(setting.description, 'a description of the setting') });
/** Has no defaults: a setting that one of the two places omits may come from the other. */
const HyperparametersChoiceSchema = z.strictObject({
  n_epochs: choice(n_epochs),
  batch_size: choice(batch_size),
  learning_rate_multiplier: choice(learning_rate_multiplier),
});

/** The body of `POST /v1/fine_tuning/jobs`. Unknown fields are refused. */
export const CreateJobSchema = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(NAME_MAX_LENGTH)
      .meta({
        description:
          'The architecture to fine-tune, or `onnx:<name>`: a backbone from `fovea import-backbone`, on which a head is trained. `auto`: the ' +
          'trainer compares those whose weights are at hand, by cross-validation on this dataset, and weighs what serving takes.',
        example: 'mobilenet_v2_0.35',
      }),
    training_file: z
      .string()
      .min(1)
      .max(NAME_MAX_BYTES + 'datasets/'.length)
      .meta({
        description:
          'The name of a dataset, also as `datasets/<name>`; or the id of a file for fine-tuning (`POST /v1/files`), whose dataset has its name.',
        pattern: `^(datasets/)?${FILE_NAME_PATTERN.slice(1)}`,
        example: 'fruit',
      }),
    suffix: z
      .string()
      .refine(isModelName, {
        message: `must be 1 to ${MODEL_NAME_MAX_LENGTH} characters of A-Z, a-z, 0-9, ".", "_" and "-", starting with a letter or a digit`,
      })
      .nullish()
      .meta({
        pattern: NAME_PATTERNS.model,
        description: 'The name of the model to make; `<dataset>-<architecture>` by default.',
        example: 'fruit',
      }),
    seed: z
      .number()
      .int()
      .min(0)
      .max(SEED_MAX)
      .nullish()
      .meta({ description: 'The same seed gives the same model; 0 by default.' }),
    hyperparameters: HyperparametersChoiceSchema.optional().meta({
      description: 'The same as `method.supervised.hyperparameters`, which wins where both are given.',
    }),
    method: z
      .strictObject({
        type: z.literal('supervised').meta({ description: 'The only method there is.' }),
        supervised: z
          .strictObject({
            hyperparameters: HyperparametersChoiceSchema.optional().meta({
              description: 'Hyperparameters of training; `auto` leaves them to the recipe.',
            }),
          })
          .optional()
          .meta({ description: 'Settings of the method.' }),
      })
      .optional()
      .meta({ description: 'How to train, in the form of OpenAI’s SDKs.' }),
    metadata: MetadataSchema.nullish().meta({
      description: `Up to ${METADATA_PAIRS_MAX} pairs of text, kept with the job.`,
    }),
    validation_file: z.null({ error: NO_VALIDATION_FILE }).optional().meta({
      description:
        'Not supported: put the pictures into folders train/ and validation/ of the dataset, or set `split`.',
    }),
    integrations: z
      .array(z.unknown())
      .max(0, { error: NO_INTEGRATIONS })
      .nullish()
      .meta({ description: 'Not supported; may be empty.' }),
    recipe: RecipeSchema.optional().meta({
      description:
        'Which layers are trained, and on which augmented views of the pictures; `auto` leaves it to the trainer.',
    }),
    sweep: SweepSchema.nullish().meta({
      description:
        'Settings to try, each with its values: every combination is trained, and the one with the lowest loss on the ' +
        'validation split becomes the model. The test split has no part in the choice.',
      example: { learning_rate_multiplier: [0.3, 1, 3], augmentation: ['auto', 'none'] },
    }),
    split: SplitFractionsSchema.optional().meta({
      description:
        'Shares of the pictures of each class; they sum to 1. Ignored where the dataset has folders train/ and test/.',
    }),
    split_snapshot: z.number().int().min(1).nullish().meta({
      description:
        "Trains on this snapshot of the dataset's split; pictures that were added later are skipped. A report names its snapshot in `split`.",
      example: 1,
    }),
    dataset_snapshot: SnapshotIdSchema.nullish().meta({
      description:
        'Trains on the pictures of this snapshot of the dataset, which are found by their content wherever they are now, with the labels and ' +
        'splits that they had. It is `dataset.content_hash` of a report. Pictures that are gone are findings (`picture-gone`).',
      example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    }),
    backend: z.enum(BACKENDS).default('auto').meta({
      description:
        '`gpu`, `native` (TensorFlow’s own library), `portable` (npm alone), or the best that the machine has.',
    }),
    max_cost_usd: z
      .number()
      .positive()
      .max(MAX_COST_USD_MAX)
      .nullish()
      .meta({
        description:
          'Training ends when the machines of all attempts have cost this much at the on-demand price. The best weights so ' +
          'far become the model. Evaluating and exporting it come on top. Trials of a sweep that run side by side get equal ' +
          'shares of the amount.',
        example: 2,
      }),
    promote: z.enum(PROMOTE_POLICIES).optional().meta({ description: PROMOTE_DESCRIPTION }),
    dry_run: z.boolean().default(false).meta({
      description: 'Only inspect the dataset: 200 with findings and split counts, and no job.',
    }),
  })
  .meta({ id: 'CreateFineTuningJob', description: 'A request for a fine-tuning job.' });
/** The body as clients write it, before defaults. */
export type CreateJobBody = z.input<typeof CreateJobSchema>;
/** The body as the server reads it, with defaults. */
export type CreateJobRequest = z.output<typeof CreateJobSchema>;

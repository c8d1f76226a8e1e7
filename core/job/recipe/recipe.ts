// How a job is trained: which layers, and on which augmented views of the pictures. A request decides what it wants to; the trainer
// decides what is `auto`, and writes its decision into the job's record.

import { z } from 'zod';
import {
  CropSchema,
  DecodingSchema,
  EARLIER_DECODING,
  PaddingSchema,
  RESIZES,
} from '../../image/model-input.ts';
import { EXACT_OPTIMIZER } from './exact-head.ts';
import { REMEDIES, RemedySchema } from './memory-record.ts';
import { PRECISIONS } from './precision.ts';
import { TRAINER_BACKENDS } from './trainer-backends.ts';

/** Precisions of the arithmetic in training. `mixed` computes in 16 bits where they suffice. */
export const TRAINING_PRECISIONS = ['float32', 'mixed'] as const;
/** One of {@link TRAINING_PRECISIONS}. */
export type TrainingPrecision = (typeof TRAINING_PRECISIONS)[number];

const Share = z.number().min(0).max(1);

/** Random changes to the pictures of the training split; 0 or 1, the default of each, switches it off. */
export const AugmentationSchema = z.strictObject({
  crop: z
    .number()
    .min(0.05)
    .max(1)
    .default(1)
    .describe("Smallest share of the picture's area that a crop keeps; 1 keeps all of it."),
  aspect: z
    .number()
    .min(1)
    .max(3)
    .default(1)
    .describe('Largest factor between the aspect ratio of a crop and that of the picture.'),
  flip: Share.default(0).describe('Share of the pictures that are mirrored left to right.'),
  rotation: z
    .number()
    .min(0)
    .max(180)
    .default(0)
    .describe('Largest rotation in both directions, in degrees.'),
  color: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe('Largest change of brightness, contrast and saturation, each as a share of itself.'),
  cutout: z
    .number()
    .min(0)
    .max(0.75)
    .default(0)
    .describe("Largest side of the gray square that hides an area, as a share of the picture's side."),
  mixup: z
    .number()
    .min(0)
    .max(8)
    .default(0)
    .describe('Parameter of the beta distribution of the weight with which two pictures are mixed (mixup).'),
  cutmix: z
    .number()
    .min(0)
    .max(8)
    .default(0)
    .describe(
      'Parameter of the beta distribution of the area that one picture pastes into another (CutMix).',
    ),
});
/** The strength of each random change. */
export type Augmentation = z.infer<typeof AugmentationSchema>;

/** Whether the augmentation changes single pictures. */
export const changesPictures = ({ crop, aspect, flip, rotation, color, cutout }: Augmentation): boolean =>
  crop < 1 || aspect > 1 || flip > 0 || rotation > 0 || color > 0 || cutout > 0;

/** Whether the augmentation mixes the pictures of a batch with each other. */
export const mixesPictures = ({ mixup, cutmix }: Pick<Augmentation, 'mixup' | 'cutmix'>): boolean =>
  mixup > 0 || cutmix > 0;

/** The recipe as a request gives it; `auto` leaves a setting to the trainer. */
export const RecipeSchema = z.strictObject({
  preset: z
    .enum(['default', 'course'])
    .default('default')
    .describe('`course`: SGD at 0.2 for 5 epochs, then at 0.01 with Nesterov momentum for 40.'),
  stages: z
    .enum(['auto', 'head', 'full'])
    .default('auto')
    .describe(
      '`head`: pretrained layers stay frozen. `full`: in a second stage they are trained, too. `auto`: `full` where a GPU trains on ' +
        'some thousand pictures, and in the preset `course`; otherwise `head`.',
    ),
  unfreeze_from: z
    .string()
    .min(1)
    .max(100)
    .nullable()
    .default('auto')
    .describe(
      'The first trainable layer of the second stage, or the beginning of the names of its block; null: all layers are trainable. ' +
        "`auto`: the layers that work on the network's smallest feature map; where a GPU trains, and in the preset `course`, all.",
    ),
  first_layer_rate: z
    .union([z.literal('auto'), z.number().min(1e-4).max(1)])
    .default('auto')
    .describe(
      "Learning rate of the first layer in the second stage, as a share of the last layer's; between them the ratio from layer " +
        'to layer is constant. 1: the same rate for all layers. `auto`: the share of the preset.',
    ),
  batch_normalization: z
    .enum(['inference', 'training'])
    .default('inference')
    .describe(
      'Which statistics the batch normalizations of pretrained layers use while they are trained. `inference`: their moving ' +
        'statistics. `training`: those of the batch.',
    ),
  augmentation: z
    .union([z.enum(['auto', 'none', 'course', 'strong']), AugmentationSchema])
    .default('auto')
    .describe('Random changes to the training pictures: a named set, or a value for each.'),
  resize: z
    .enum(['auto', ...RESIZES])
    // Has no default, so that earlier versions can read records without it.
    .optional()
    .describe(
      "How pictures are brought to the network's shape, in training and serving. `cover`: in their shape, and the center is cut out, as " +
        'pretrained networks were evaluated. `contain`: whole and in their shape, with black edges. `stretch`: whole, whatever their ' +
        'shape. `auto`, the default: `cover` for pretrained networks, unless it would cut off too much of long pictures; `stretch` for ' +
        'networks that are trained from scratch. An imported backbone says its own.',
    ),
  imbalance: z
    .enum(['auto', 'none', 'class_weights', 'balanced_sampling'])
    .default('auto')
    .describe('What is done about classes with few pictures.'),
  precision: z
    .enum(['auto', ...TRAINING_PRECISIONS])
    // Has no default, so that earlier versions can read records without it.
    .optional()
    .describe(
      "Precision of the arithmetic in training. `mixed`: 16 bits where they suffice, on TensorFlow's own back ends: bfloat16, or " +
        "on NVIDIA's GPUs before Ampere float16 with dynamic loss scaling. Evaluation and the exported model are always float32. " +
        '`auto`, the default: `mixed` where a GPU trains pretrained layers and gains by it, otherwise `float32`.',
    ),
  out_of_memory: z
    .array(RemedySchema)
    .max(REMEDIES.length)
    .default([...REMEDIES])
    .describe(
      'Remedies that may be taken where memory runs out, in this order. With an empty list the job fails there.',
    ),
  variants: z
    .array(z.enum(PRECISIONS))
    .default([...PRECISIONS])
    .describe(
      'Reduced-precision variants of the model that are stored, too. The report compares each with the model.',
    ),
});
/** How a job is to be trained. */
export type Recipe = z.infer<typeof RecipeSchema>;

const StageSettingsSchema = z.object({
  epochs: z.number().int().describe('Largest number of passes over the training pictures.'),
  batchSize: z.number().int().describe('Pictures of one training step.'),
  learningRate: z.number().describe('Peak learning rate.'),
  optimizer: z.string().describe('Name of the optimizer, e.g. `adam`.'),
  firstLayerRate: z
    .number()
    .default(1)
    .describe("Learning rate of the first layer, as a share of the last one's."),
  patience: z
    .number()
    .int()
    .nullable()
    .describe('Early stopping: epochs without improvement that end the stage; null without early stopping.'),
  precision: z
    .enum(TRAINING_PRECISIONS)
    .optional()
    .describe('Precision of the arithmetic; `float32` where none is given.'),
  retrains: z
    .boolean()
    .optional()
    .describe(
      'Whether the stage is trained again on all pictures that are not for the test, once a fold of them has decided that it is kept; no where it is absent.',
    ),
  folds: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'The stage is trained without each of so many folds in turn, which decide together on it; one where it is absent.',
    ),
  adjustsLogits: z
    .boolean()
    .optional()
    .describe(
      'Whether the head is solved with the logarithms of the class frequencies added to its scores, so that small classes are named as ' +
        'readily as large ones.',
    ),
});

/** The recipe with a value for every `auto`. The first attempt decides, and later ones use its decision. */
export const ResolvedRecipeSchema = z.object({
  stages: z
    .record(z.string(), StageSettingsSchema)
    .describe('Settings of the stages by name, in their order: `head`, `full`, `scratch`.'),
  augmentation: AugmentationSchema.describe('Random changes to the training pictures.'),
  resize: z
    .enum(RESIZES)
    .optional()
    .describe("How pictures are brought to the network's shape; `stretch` where it is absent."),
  crop: CropSchema.optional().describe(
    'With `cover`: the share of the sides of the scaled picture that is kept; 1 where it is absent.',
  ),
  padding: PaddingSchema.optional().describe(
    'With `contain`: red, green and blue of the added edges; black where it is absent.',
  ),
  decoding: DecodingSchema.optional().describe(
    `Version of the decoding of pictures; ${EARLIER_DECODING} where it is absent.`,
  ),
  imbalance: z
    .enum(['none', 'class_weights', 'balanced_sampling'])
    .describe('What is done about classes with few pictures.'),
  unfreezeFrom: z
    .string()
    .nullable()
    .default(null)
    .describe('The first trainable layer in the stage `full`; null where all layers are trainable.'),
  featureViews: z
    .number()
    .int()
    .describe(
      'Number of augmented views of each picture that the head is trained on, besides the picture itself.',
    ),
  backend: z.enum(TRAINER_BACKENDS).optional().describe('The back end of the attempt that decided.'),
  reasons: z.array(z.string()).describe('Sentences that explain the decisions.'),
});
/** The recipe with a value for every `auto`. */
export type ResolvedRecipe = z.infer<typeof ResolvedRecipeSchema>;

/** Describes each stage in a clause, in their order, e.g. `head: 60 epochs, batches of 32, adam at 0.001`. */
export const describeStages = ({ stages, unfreezeFrom }: ResolvedRecipe): readonly string[] =>
  Object.entries(stages).map(([name, stage]) => {
    if (stage.optimizer === EXACT_OPTIMIZER) return describeSolved(name, stage);
    const { epochs, batchSize, optimizer, learningRate, firstLayerRate, precision } = stage;
    const clauses = [
      `${name}: ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`,
      `batches of ${batchSize}`,
      `${optimizer} at ${learningRate}`,
    ];
    if (precision === 'mixed') clauses.push('mixed precision');
    if (name === 'full' && unfreezeFrom !== null) clauses.push(`from ${unfreezeFrom} on`);
    if (firstLayerRate !== 1) clauses.push(`${firstLayerRate} of the rate in the first layer`);
    const { folds = 1 } = stage;
    if (stage.retrains === true)
      clauses.push(
        `trained again on all pictures where ${folds === 1 ? 'a fold decides' : `${folds} folds decide`} for it`,
      );
    return clauses.join(', ');
  });

/** Whether the model's scores are those of classes that are equally frequent, however frequent they are in the dataset. */
export const balancesClasses = ({ imbalance, stages }: ResolvedRecipe): boolean =>
  imbalance !== 'none' || stages['head']?.adjustsLogits === true;

/** A stage that is solved has no epochs, batches and rate. */
const describeSolved = (
  name: string,
  { batchSize, adjustsLogits }: z.infer<typeof StageSettingsSchema>,
): string =>
  [
    `${name}: solved exactly on ${batchSize} pictures`,
    'the L2 penalty chosen by cross-validation',
    ...(adjustsLogits === true ? ['adjusted by class frequency'] : []),
  ].join(', ');

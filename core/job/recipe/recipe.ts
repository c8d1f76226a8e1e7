// How a job is to be trained, as far as whoever asks for it wants to decide: which layers learn, on which views of the
// pictures. What is left to `auto` the trainer decides, and writes down.

import { z } from 'zod';
import { REMEDIES, RemedySchema } from './memory-record.ts';
import { PRECISIONS } from './precision.ts';

const Share = z.number().min(0).max(1);

/** Random changes to the pictures of the training split; 0 switches each off. */
export const AugmentationSchema = z.strictObject({
  crop: z
    .number()
    .min(0.05)
    .max(1)
    .default(1)
    .describe("Least share of the picture's area that a crop keeps; 1 keeps all of it."),
  aspect: z
    .number()
    .min(1)
    .max(3)
    .default(1)
    .describe("A crop's width to height may differ by up to this factor from the picture's."),
  flip: Share.default(0).describe('Share of the pictures that are mirrored left to right.'),
  rotation: z.number().min(0).max(180).default(0).describe('Largest turn, in degrees, in both directions.'),
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
    .describe("Largest side of a gray square that hides a part, as a share of the picture's."),
  mixup: z
    .number()
    .min(0)
    .max(8)
    .default(0)
    .describe('Parameter of the beta distribution by which two pictures are blended (mixup).'),
  cutmix: z
    .number()
    .min(0)
    .max(8)
    .default(0)
    .describe(
      'Parameter of the beta distribution of the area that one picture pastes into another (CutMix).',
    ),
});
export type Augmentation = z.infer<typeof AugmentationSchema>;

/** Whether a picture by itself comes out of it otherwise than it went in. */
export const changesPictures = ({ crop, aspect, flip, rotation, color, cutout }: Augmentation): boolean =>
  crop < 1 || aspect > 1 || flip > 0 || rotation > 0 || color > 0 || cutout > 0;

/** Whether the pictures of a batch come out of it mixed with each other. */
export const mixesPictures = ({ mixup, cutmix }: Pick<Augmentation, 'mixup' | 'cutmix'>): boolean =>
  mixup > 0 || cutmix > 0;

export const RecipeSchema = z.strictObject({
  preset: z
    .enum(['default', 'course'])
    .default('default')
    .describe('`course`: SGD as taught: 0.2, then 0.01 with Nesterov momentum, for 5 and 40 epochs.'),
  stages: z
    .enum(['auto', 'head', 'full'])
    .default('auto')
    .describe(
      '`head`: the pretrained layers stay as they are. `full`: then they learn too. `auto`: `full` in the preset `course`.',
    ),
  unfreeze_from: z
    .string()
    .min(1)
    .max(100)
    .nullable()
    .default('auto')
    .describe(
      'The first layer, or the beginning of the names of the first block, that learns in the second stage; null is all. ' +
        "`auto`: those that work on the network's smallest map, in the preset `course` all.",
    ),
  first_layer_rate: z
    .union([z.literal('auto'), z.number().min(1e-4).max(1)])
    .default('auto')
    .describe(
      "Learning rate of the first layer in the second stage, as a share of the last one's: a constant ratio from layer to " +
        'layer in between. 1 is the same for all; `auto` is what the preset has.',
    ),
  batch_normalization: z
    .enum(['inference', 'training'])
    .default('inference')
    .describe(
      'Whether batch normalizations of the pretrained layers go by their moving statistics while they learn.',
    ),
  augmentation: z
    .union([z.enum(['auto', 'none', 'course', 'strong']), AugmentationSchema])
    .default('auto')
    .describe('Random changes to the training pictures: a set of them by name, or each by itself.'),
  imbalance: z
    .enum(['auto', 'none', 'class_weights', 'balanced_sampling'])
    .default('auto')
    .describe('What is done about classes with few pictures.'),
  precision: z
    .enum(['auto', 'float32', 'mixed'])
    // Without a default: records that do not ask for it are as the version before reads them.
    .optional()
    .describe(
      'In which the layers of a network compute while they learn. `mixed`: 16 bits where they do (bfloat16), compiled by XLA, on ' +
        "TensorFlow's own back ends; worth it on GPUs from NVIDIA's Ampere on. What is judged and exported is float32 whatever it " +
        'is. `auto`, or left out: float32.',
    ),
  out_of_memory: z
    .array(RemedySchema)
    .max(REMEDIES.length)
    .default([...REMEDIES])
    .describe('What may be done where memory runs out, in this order; an empty list ends the job there.'),
  variants: z
    .array(z.enum(PRECISIONS))
    .default([...PRECISIONS])
    .describe(
      'In which fewer bits the model is stored too; what that does to it is measured for the report.',
    ),
});
export type Recipe = z.infer<typeof RecipeSchema>;

const StageSettingsSchema = z.object({
  epochs: z.number().int().describe('Passes over the training pictures, at most.'),
  batchSize: z.number().int().describe('Pictures that one step learns from.'),
  learningRate: z.number().describe('The highest of the run.'),
  optimizer: z.string().describe('E.g. `adam`.'),
  firstLayerRate: z
    .number()
    .default(1)
    .describe("Learning rate of the first layer, as a share of the last one's."),
  patience: z
    .number()
    .int()
    .nullable()
    .describe('Epochs without improvement that end the stage; null where none do.'),
});

/** What every `auto` came to. The first attempt decides, and later ones hold to it. */
export const ResolvedRecipeSchema = z.object({
  stages: z
    .record(z.string(), StageSettingsSchema)
    .describe('The stages by name, in their order: `head`, `full`, `scratch`.'),
  augmentation: AugmentationSchema.describe('Random changes to the training pictures.'),
  imbalance: z
    .enum(['none', 'class_weights', 'balanced_sampling'])
    .describe('What is done about classes with few pictures.'),
  unfreezeFrom: z
    .string()
    .nullable()
    .default(null)
    .describe('The first layer that learns in the stage `full`; null where all do.'),
  featureViews: z
    .number()
    .int()
    .describe(
      'Augmented views of each picture whose features the head is trained on, besides the picture itself.',
    ),
  reasons: z.array(z.string()).describe('One sentence for each decision that needs one.'),
});
export type ResolvedRecipe = z.infer<typeof ResolvedRecipeSchema>;

/** A clause for each stage, in their order, e.g. `head: 60 epochs, batches of 32, adam at 0.001`. */
export const describeStages = ({ stages, unfreezeFrom }: ResolvedRecipe): readonly string[] =>
  Object.entries(stages).map(([name, { epochs, batchSize, optimizer, learningRate, firstLayerRate }]) => {
    const clauses = [
      `${name}: ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`,
      `batches of ${batchSize}`,
      `${optimizer} at ${learningRate}`,
    ];
    if (name === 'full' && unfreezeFrom !== null) clauses.push(`from ${unfreezeFrom} on`);
    if (firstLayerRate !== 1) clauses.push(`${firstLayerRate} of the rate in the first layer`);
    return clauses.join(', ');
  });

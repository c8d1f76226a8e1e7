// How a job is to be trained, as far as whoever asks for it wants to decide: which layers learn, on which views of the
// pictures. What is left to `auto` the trainer decides, and writes down.

import { z } from 'zod';
import { PRECISIONS } from '../model/precision.ts';
import { REMEDIES, RemedySchema } from './savings.ts';

const Share = z.number().min(0).max(1);

/** Random changes to the pictures of the training split; 0 switches each off. */
export const AugmentationSchema = z.strictObject({
  /** Least share of the picture's area that a crop keeps; 1 keeps all of it. */
  crop: z.number().min(0.05).max(1).default(1),
  /** A crop's width to height may differ by up to this factor from the picture's. */
  aspect: z.number().min(1).max(3).default(1),
  /** Share of the pictures that are mirrored left to right. */
  flip: Share.default(0),
  /** Largest turn, in degrees, in both directions. */
  rotation: z.number().min(0).max(180).default(0),
  /** Largest change of brightness, contrast and saturation, each as a share of itself. */
  color: z.number().min(0).max(0.9).default(0),
  /** Largest side of a gray square that hides a part, as a share of the picture's. */
  cutout: z.number().min(0).max(0.75).default(0),
  /** Parameter of the beta distribution by which two pictures are blended (mixup). */
  mixup: z.number().min(0).max(8).default(0),
  /** Parameter of the beta distribution of the area that one picture pastes into another (CutMix). */
  cutmix: z.number().min(0).max(8).default(0),
});
export type Augmentation = z.infer<typeof AugmentationSchema>;

/** Whether a picture by itself comes out of it otherwise than it went in. */
export const changesPictures = ({ crop, aspect, flip, rotation, color, cutout }: Augmentation): boolean =>
  crop < 1 || aspect > 1 || flip > 0 || rotation > 0 || color > 0 || cutout > 0;

/** Whether the pictures of a batch come out of it mixed with each other. */
export const mixesPictures = ({ mixup, cutmix }: Pick<Augmentation, 'mixup' | 'cutmix'>): boolean =>
  mixup > 0 || cutmix > 0;

export const RecipeSchema = z.strictObject({
  /** `course`: SGD as taught: 0.2, then 0.01 with Nesterov momentum, for 5 and 40 epochs. */
  preset: z.enum(['default', 'course']).default('default'),
  /** `head`: the pretrained layers stay as they are. `full`: then they learn too. `auto`: `full` in the course's preset. */
  stages: z.enum(['auto', 'head', 'full']).default('auto'),
  /**
   * The first layer, or the beginning of the names of the first block, that learns in the second stage; null is all.
   * `auto`: those that work on the network's smallest map, in the course's preset all.
   */
  unfreeze_from: z.string().min(1).max(100).nullable().default('auto'),
  /**
   * Learning rate of the first layer in the second stage, as a share of the last one's: a constant ratio from layer to
   * layer in between. 1 is the same for all; `auto` is what the preset has.
   */
  first_layer_rate: z.union([z.literal('auto'), z.number().min(1e-4).max(1)]).default('auto'),
  /** Whether batch normalizations of the pretrained layers go by their moving statistics while they learn. */
  batch_normalization: z.enum(['inference', 'training']).default('inference'),
  augmentation: z.union([z.enum(['auto', 'none', 'course', 'strong']), AugmentationSchema]).default('auto'),
  /** What is done about classes with few pictures. */
  imbalance: z.enum(['auto', 'none', 'class_weights', 'balanced_sampling']).default('auto'),
  /** What may be done where memory runs out, in this order; an empty list ends the job there. */
  out_of_memory: z
    .array(RemedySchema)
    .max(REMEDIES.length)
    .default([...REMEDIES]),
  /** In which fewer bits the model is stored too; what that does to it is measured for the report. */
  variants: z.array(z.enum(PRECISIONS)).default([...PRECISIONS]),
});
export type Recipe = z.infer<typeof RecipeSchema>;

const StageSettingsSchema = z.object({
  epochs: z.number().int(),
  batchSize: z.number().int(),
  /** The highest of the run. */
  learningRate: z.number(),
  optimizer: z.string(),
  /** Of the first layer's learning rate, in the last one's. */
  firstLayerRate: z.number().default(1),
  /** Epochs without improvement that end the stage; null where none do. */
  patience: z.number().int().nullable(),
});

/** What every `auto` came to. The first attempt decides, and later ones hold to it. */
export const ResolvedRecipeSchema = z.object({
  /** In their order; `head`, `full`, `scratch`. */
  stages: z.record(z.string(), StageSettingsSchema),
  augmentation: AugmentationSchema,
  imbalance: z.enum(['none', 'class_weights', 'balanced_sampling']),
  /** The first layer that learns in the stage `full`; null where all do. */
  unfreezeFrom: z.string().nullable().default(null),
  /** Augmented views of each picture whose features the head is trained on, besides the picture itself. */
  featureViews: z.number().int(),
  /** One sentence for each decision that needs one. */
  reasons: z.array(z.string()),
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

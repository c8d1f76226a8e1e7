// The augmentations that a recipe may name.

import { type Augmentation, AugmentationSchema } from '../../core/job/recipe/recipe.ts';

/** Changes that leave the meaning of most photographs alone. */
const AUTO = { crop: 0.6, aspect: 1.2, flip: 0.5, rotation: 10, color: 0.2 };

/** The settings of each augmentation, by its name in a recipe. */
export const AUGMENTATIONS: Readonly<Record<'auto' | 'none' | 'course' | 'strong', Augmentation>> = {
  none: AugmentationSchema.parse({}),
  /** A random crop of 90 % of each side, and a flip. */
  course: AugmentationSchema.parse({ crop: 0.81, flip: 0.5 }),
  auto: AugmentationSchema.parse(AUTO),
  /** Small crops, and pictures mixed in pairs: for the stage in which trainable layers could learn pictures by heart. */
  strong: AugmentationSchema.parse({
    crop: 0.2,
    aspect: 4 / 3,
    flip: 0.5,
    rotation: 20,
    color: 0.3,
    mixup: 0.2,
    cutmix: 1,
  }),
};

/**
 * The second stage's, where the request leaves it to `auto`. Pictures are not mixed: on some hundred pictures the stage overshot with
 * mixed ones, and label smoothing does what they do for calibration.
 */
export const FULL_AUGMENTATION = AugmentationSchema.parse({ ...AUTO, crop: 0.4, aspect: 4 / 3 });

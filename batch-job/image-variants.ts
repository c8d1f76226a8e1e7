// The variants of the trainer's container image, and the back end that each is made for.

import type { TrainerBackend } from '../core/job/recipe/trainer-backends.ts';

/** The variants that `batch-job/Dockerfile` builds; an image says its own in `FOVEA_IMAGE_VARIANT`. */
export const IMAGE_VARIANTS = ['gpu', 'cpu', 'portable'] as const;

/** The back end of jobs with `auto` in each variant. */
export const BACKEND_OF_IMAGE = {
  gpu: 'gpu',
  cpu: 'native',
  portable: 'portable',
} as const satisfies Readonly<Record<(typeof IMAGE_VARIANTS)[number], TrainerBackend>>;

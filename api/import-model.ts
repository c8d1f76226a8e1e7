// The body of POST /v1/models: a pretrained classifier to be served as it is.

import { z } from 'zod';
import { PROMOTE_DESCRIPTION, PROMOTE_POLICIES } from '../core/job/recipe/promote-policy.ts';
import { ManifestSchema } from '../core/model/manifest.ts';
import { NAME_PATTERNS } from '../core/model/model-name.ts';

const NAME_MAX_LENGTH = 200;
/** More classes than any published image classifier has. */
const MAX_LABELS = 100_000;

const NumbersSchema = z.array(z.number().min(0).max(1)).min(1).max(3);

const framing = ManifestSchema.shape.input.shape;

/** The body of `POST /v1/models`. Unknown fields are refused. */
export const ImportModelSchema = z
  .strictObject({
    architecture: z
      .string()
      .min(1)
      .max(NAME_MAX_LENGTH)
      .meta({ description: 'The network.', example: 'mobilenet_v2_1.0' }),
    // That a label is not blank, the import itself checks: it takes files too.
    labels: z
      .array(z.string().max(NAME_MAX_LENGTH).meta({ minLength: 1, pattern: String.raw`\S` }))
      .min(1)
      .max(MAX_LABELS)
      .meta({
        description: 'The name of every class, in the order of the network’s output. Names may repeat.',
      }),
    name: z.string().optional().meta({
      description: 'Name of the model to make; the name of the architecture by default.',
      pattern: NAME_PATTERNS.model,
    }),
    weights: z
      .string()
      .optional()
      .meta({
        description:
          'A Keras weight file (`.h5`, `.weights.h5`, `.keras`) in the server’s weights folder, or in the store under ' +
          '`cache/weights/`. By default, the published weights with their classifier, which the server fetches.',
        example: 'mobilenet_v2_1.0_224.h5',
      }),
    mean: NumbersSchema.optional().meta({
      description:
        'With `std`: what is subtracted from pixel values of 0 to 1, one number or one for each of red, green and blue. By default, ' +
        'pixels are prepared as for the published weights.',
      example: [0.485, 0.456, 0.406],
    }),
    std: NumbersSchema.optional().meta({
      description: 'Divides what is left; the numbers are of pixel values from 0 to 1, too.',
      example: [0.229, 0.224, 0.225],
    }),
    promote: z
      .enum(PROMOTE_POLICIES)
      .optional()
      .meta({
        description: `${PROMOTE_DESCRIPTION} An imported model has no such pictures.`,
      }),
    resize: framing.resize.optional().meta({
      description:
        'How pictures are brought to its shape. By default `cover`, as its weights were evaluated.',
    }),
    crop: framing.crop.meta({
      description: 'With `cover`: the share of the sides that is kept, by default 0.875.',
    }),
  })
  .meta({ id: 'ImportModel', description: 'A pretrained classifier to be served as it is.' });

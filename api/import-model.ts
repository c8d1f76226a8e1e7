// The body of POST /v1/models: a trained classifier to be served as it is.

import { z } from 'zod';
import { PROMOTE_DESCRIPTION, PROMOTE_POLICIES } from '../core/job/recipe/promote-policy.ts';
import { ManifestSchema } from '../core/model/manifest.ts';
import { NAME_PATTERNS } from '../core/model/model-name.ts';
import { ACTIVATIONS, COLOR_ORDERS } from '../core/network/onnx/classifier-ends.ts';
import { LAYOUTS } from '../core/network/onnx/export-context.ts';

const NAME_MAX_LENGTH = 200;
/** More classes than any published image classifier has. */
const MAX_LABELS = 100_000;

/** Pixels of the side of an input at most. */
const MAX_SIDE = 2048;
/** Settings that only files need. */
const OF_FILES = [
  'preprocessing',
  'color_order',
  'layout',
  'size',
  'activation',
  'output',
  'backbone',
] as const;

const NumbersSchema = z.array(z.number().min(0).max(1)).min(1).max(3);

const framing = ManifestSchema.shape.input.shape;
const [MODES] = framing.preprocessing.options;

/** The body of `POST /v1/models`. Unknown fields are refused. */
export const ImportModelSchema = z
  .strictObject({
    architecture: z
      .string()
      .min(1)
      .max(NAME_MAX_LENGTH)
      .optional()
      .meta({ description: 'One of Fovea’s networks; `file` is left out.', example: 'mobilenet_v2_1.0' }),
    file: z
      .string()
      .min(1)
      .max(NAME_MAX_LENGTH)
      .optional()
      .meta({
        description:
          'The `key` of an upload with the purpose `model`: an `.onnx` file, `keras_model.h5`, or a zip archive with a model and the ' +
          'files beside it. `architecture` is left out.',
        example: 'uploads/upload-00000000-0000-4000-8000-000000000000',
      }),
    // That a label is not blank, the import itself checks: it takes files too.
    labels: z
      .array(z.string().max(NAME_MAX_LENGTH).meta({ minLength: 1, pattern: String.raw`\S` }))
      .min(1)
      .max(MAX_LABELS)
      .optional()
      .meta({
        description:
          'The name of every class, in the order of the network’s output. Names may repeat. Needed with `architecture`; for files, ' +
          'those in the files by default.',
      }),
    name: z.string().optional().meta({
      description: 'Name of the model to make; the name of the architecture by default. Needed with `file`.',
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
    preprocessing: MODES.optional().meta({
      description:
        'Of a file, instead of `mean` and `std`: which values it takes. `tf` -1 to 1, `unit` 0 to 1, `none` 0 to 255, `torch` ' +
        'ImageNet’s mean and deviation, `caffe` BGR less the mean. By default, what the files say.',
    }),
    color_order: z
      .enum(COLOR_ORDERS)
      .optional()
      .meta({ description: 'Of a file: the order of its colors. By default, what the files say, or `rgb`.' }),
    layout: z.enum(LAYOUTS).optional().meta({
      description: 'Of a file: the order of the axes of its input. By default, what the file shows.',
    }),
    size: z
      .strictObject({
        height: z.number().int().min(1).max(MAX_SIDE).meta({ description: 'Pixels.' }),
        width: z.number().int().min(1).max(MAX_SIDE).meta({ description: 'Pixels.' }),
      })
      .optional()
      .meta({ description: 'Of a file: the size of its input in pixels. By default, what the file shows.' }),
    activation: z.enum(ACTIVATIONS).optional().meta({
      description:
        'Of a file: what is still to be applied to its output to get scores. By default, what the graph shows.',
    }),
    output: z.string().min(1).max(NAME_MAX_LENGTH).optional().meta({
      description: 'Of an ONNX file with several outputs: the name of the one with the scores.',
    }),
    backbone: z.string().optional().meta({
      description:
        'Of a file: also stores what its last dense layer reads as a backbone of this name, for jobs of the model `onnx:<name>`.',
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
  .superRefine((request, context) => {
    const { architecture, file, labels, name } = request;
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if ((architecture === undefined) === (file === undefined))
      issue('file', 'exactly one of "architecture" and "file" is needed');
    else if (file === undefined) {
      if (labels === undefined) issue('labels', 'are needed with "architecture"');
      for (const field of OF_FILES)
        if (request[field] !== undefined) issue(field, 'belongs to "file", not to "architecture"');
    } else {
      if (name === undefined) issue('name', 'is needed with "file"');
      if (request.weights !== undefined) issue('weights', 'belongs to "architecture", not to "file"');
      if (request.preprocessing !== undefined && (request.mean ?? request.std) !== undefined)
        issue('preprocessing', 'goes without "mean" and "std"');
    }
  })
  .meta({ id: 'ImportModel', description: 'A trained classifier to be served as it is.' });
/** The body of `POST /v1/models`, as clients write it. */
export type ImportModelBody = z.input<typeof ImportModelSchema>;
/** The body of `POST /v1/models`, read. */
export type ImportModel = z.infer<typeof ImportModelSchema>;

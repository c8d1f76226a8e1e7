// The preprocessing certificate as a file: how a picture becomes the input of a model, and what becomes of its output. It is read by programs
// outside of Fovea, so all names are single words, the same in the store and on the wire. Knows no pictures and runs no model.

import { z } from 'zod';

const pixels = (of: string) => z.number().int().positive().describe(`${of} in pixels.`);
const kind = <T extends string>(name: T) => z.literal(name).describe('What is done.');
const shape = z.array(z.number().int()).describe('Its shape.');

const DecodeStepSchema = z.object({
  step: kind('decode'),
  orientation: z.literal('upright').describe('By EXIF, or else XMP.'),
  color: z.literal('srgb').describe('Embedded profiles and CMYK become sRGB.'),
  bits: z.literal(8).describe('16 bits become 8; a range below a sixteenth of 16 bits is stretched.'),
  cmyk: z.literal('libvips').optional().describe('Whose profile a CMYK picture without one gets.'),
  background: z.array(z.number().int()).length(3).describe('Under transparency.'),
  blend: z
    .literal('down')
    .optional()
    .describe('After the profile: (alpha · color + (255 - alpha) · background) / 255, rounded down.'),
  frame: z.literal(0).describe('Of an animation.'),
});
const GrayStepSchema = z.object({
  step: kind('gray'),
  weights: z.array(z.number().int()).length(3).describe('Of red, green and blue.'),
  add: z.number().int().describe('Is added to the sum, so that it is rounded.'),
  divisor: z.number().int().describe('(weights · rgb + add) / divisor, rounded down.'),
});
const ResizeStepSchema = z.object({
  step: kind('resize'),
  fit: z
    .enum(['stretch', 'cover', 'contain'])
    .describe(
      '`stretch`: to the size. `cover`: the smallest picture of the same shape that covers the size. `contain`: the largest within.',
    ),
  width: pixels('Width'),
  height: pixels('Height'),
  rounding: z.enum(['nearest', 'down']).describe('Of the sides of a scaled picture.'),
  kernel: z.literal('cubic').describe('Of Keys (1981).'),
  a: z.number().describe('The parameter of the kernel.'),
  antialias: z.boolean().describe('Whether the kernel widens where an axis shrinks.'),
  bits: z.number().int().describe('Bits behind the point of a weight. Each pass rounds to whole levels.'),
  passes: z
    .literal('horizontal-vertical')
    .describe('Vertical first where more than no rows, and more than twice as many rows as columns, go.'),
});
const WindowStepSchema = z.object({
  step: kind('window'),
  width: pixels('Width'),
  height: pixels('Height'),
  odd: z
    .enum(['down', 'up'])
    .describe('How half of an odd difference of sides is rounded. `up` is `down` where a side was enlarged.'),
  color: z.array(z.number().int()).describe('Of what lies beyond the picture.'),
});
const NormalizeStepSchema = z.object({
  step: kind('normalize'),
  order: z.array(z.number().int()).describe('Which channel of the pixels each channel of the input is.'),
  divisor: z.number().describe('Divides each value first.'),
  mean: z.array(z.number()).describe('Is then subtracted.'),
  deviation: z
    .array(z.number())
    .describe('(value / divisor - mean) / deviation, for each channel of the input, in float32.'),
});
const LayoutStepSchema = z.object({
  step: kind('layout'),
  axes: z.literal('NHWC').describe('Order of the axes: picture, row, column, channel.'),
  type: z.literal('float32').describe('Type of the values.'),
});

/** One step from bytes to the input. */
export const StepSchema = z.discriminatedUnion('step', [
  DecodeStepSchema,
  GrayStepSchema,
  ResizeStepSchema,
  WindowStepSchema,
  NormalizeStepSchema,
  LayoutStepSchema,
]);
/** One step from bytes to the input. */
export type Step = z.infer<typeof StepSchema>;

const distance = (of: string) =>
  z
    .object({ max: z.number().describe('The largest.'), mean: z.number().describe('The mean.') })
    .describe(`${of}, in units of the input.`);

/** What `preprocessing.json` holds. */
export const CertificateSchema = z.object({
  format: z.literal(1).describe('Number of the format of this file.'),
  model: z
    .object({
      file: z.string().describe('Its name.'),
      sha256: z.string().describe('Its hash, in hexadecimal.'),
    })
    .describe('The model that it is about.'),
  steps: z.array(StepSchema).describe('From the bytes of a picture to the input, in this order.'),
  input: z.object({ name: z.string().describe('Its name.'), shape }).describe('The input of the model.'),
  output: z
    .object({
      name: z.string().describe('Its name.'),
      shape,
      values: z
        .literal('probabilities')
        .describe(
          'Softmax, or sigmoid, is inside the model: nothing is applied to its output but the temperature.',
        ),
      temperature: z.number().describe('Where it is not 1, scores are softmax(log p / temperature).'),
      threshold: z
        .number()
        .nullable()
        .describe(
          'A picture is rejected where its largest score is below; null where there is no threshold.',
        ),
      labels: z.array(z.string()).describe('Index i of the output is labels[i].'),
    })
    .describe('What the output means.'),
  check: z
    .object({
      picture: z
        .string()
        .describe(
          'A file beside this one: a drawn picture, which shows nothing of the pictures that trained the model.',
        ),
      tensor: z.string().describe('Its input, as a file of NumPy.'),
      difference: distance('How far the code beside this file was from the tensor'),
      tolerance: distance('How far other code may be'),
      probabilities: z.array(z.number()).describe('The output of the model for the tensor.'),
      scores: z.array(z.number()).describe('The same at the temperature, as the API answers.'),
      label: z.string().describe('The likeliest label.'),
      rejected: z.boolean().describe('Whether the picture is rejected.'),
      allowed: z.number().describe('How far scores may be.'),
    })
    .describe('A picture with the right answer.'),
});
/** A certificate, as `preprocessing.json` holds it. */
export type Certificate = z.infer<typeof CertificateSchema>;

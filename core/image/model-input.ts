// The input contract of a model, as data beside it, for those who prepare pictures, train, serve and export. The one place that says
// what belongs to it, and which of it the first stored format could say.

import { z } from 'zod';

/** The usual preprocessings, by the names of Keras's `preprocess_input` modes. */
export const PREPROCESSING_MODES = ['tf', 'torch', 'caffe', 'unit', 'none'] as const;

/** Preprocessing by numbers: `(value / 255 - mean) / std`. Each has one number for all channels, or one for each, in the order of the input. */
export const NormalizationSchema = z.object({
  mean: z.array(z.number()).min(1).max(3).describe('Is subtracted from values of 0 to 1.'),
  std: z.array(z.number().positive()).min(1).max(3).describe('Divides what is left.'),
  order: z.enum(['rgb', 'bgr']).default('rgb').describe('Order of the colors in the input.'),
});
/** Preprocessing by numbers. */
export type Normalization = z.infer<typeof NormalizationSchema>;

/** Version of decoding, raised where the same bytes give other pixels than before. Keys of cached features contain it. */
export const DECODING_VERSION = 2;

/** The color that `contain` adds where nothing else is said: black, like the padding of Keras and torchvision. */
export const DEFAULT_PADDING: readonly number[] = [0, 0, 0];

/** Ways of bringing a picture to the height and width of an input. */
export const RESIZES = ['stretch', 'cover', 'contain'] as const;
/** The smallest share of a picture's sides that `crop` keeps. */
const LEAST_CROP = 0.5;

/** The share of the sides that `cover` keeps. */
export const CropSchema = z.number().min(LEAST_CROP).max(1);

/** Red, green and blue of the edges that `contain` adds. */
export const PaddingSchema = z.array(z.number().int().min(0).max(255)).length(3);

/** The input contract of a model: everything that decides how bytes become the network's input. */
export const ModelInputSchema = z.object({
  height: z.number().int().positive().describe('Height in pixels.'),
  width: z.number().int().positive().describe('Width in pixels.'),
  channels: z.union([z.literal(1), z.literal(3)]).describe('1: gray. 3: red, green, blue.'),
  preprocessing: z
    .union([z.enum(PREPROCESSING_MODES), NormalizationSchema])
    .describe('How bytes of pixels become input of the network: by its usual name, or by numbers.'),
  resize: z
    .enum(RESIZES)
    .describe(
      'How the picture is brought to height × width. `stretch`: whole, whatever its shape. `cover`: in its shape, and the center is cut ' +
        'out. `contain`: whole and in its shape, with added edges.',
    ),
  crop: CropSchema.optional().describe(
    'With `cover`: the share of the height and width of the scaled picture that is kept at most. 0.875 of 224 pixels: the picture is ' +
      'scaled to cover 256 × 256. Where it is absent: 1.',
  ),
  padding: PaddingSchema.optional().describe(
    'With `contain`: red, green and blue of the added edges. Where it is absent: black.',
  ),
  decoding: z
    .literal(DECODING_VERSION)
    .optional()
    .describe(`Version of the decoding of pictures. Where it is absent: ${DECODING_VERSION}.`),
});
/** The input contract of a model. */
export type ModelInput = z.infer<typeof ModelInputSchema>;

/** How a picture is brought to the height and width of an input. */
export type Framing = Pick<ModelInput, 'resize' | 'crop' | 'padding'>;

/**
 * The share of a scaled picture's sides that most published weights were evaluated on, among them all of the table of architectures: 224
 * pixels out of 256, or 299 with a central fraction of 0.875.
 */
export const EVALUATION_CROP = 0.875;

/** A framing as somebody asks for it; what is left out is as in the evaluation of most published weights. */
export interface AskedFraming {
  readonly resize?: Framing['resize'] | undefined;
  /** With `cover`, see {@link CropSchema}. */
  readonly crop?: number | undefined;
}

/** The framing that is asked for. A crop of 1 is left out of it, so that earlier versions can read the contract. */
export const toFraming = ({ resize = 'cover', crop = EVALUATION_CROP }: AskedFraming): Framing =>
  resize === 'cover' && crop < 1 ? { resize, crop } : { resize };

/** The framing in a contract or a decision. Decisions from before they could say one mean whole pictures. */
export const framingOf = ({
  resize = 'stretch',
  crop,
  padding,
}: { readonly [K in keyof Framing]?: Framing[K] | undefined }): Framing => ({
  resize,
  ...(crop === undefined ? {} : { crop }),
  ...(padding === undefined ? {} : { padding }),
});

/** How bytes of pixels become input of the network: by its usual name, or by numbers. */
export type Preprocessing = ModelInput['preprocessing'];

/**
 * The format in which an object with this contract is stored: 1 where that format could say all of it, so that earlier versions of
 * Fovea read it. They refuse format 2, which they would read wrongly.
 */
export const inputFormatOf = ({ preprocessing, crop = 1, padding = [] }: ModelInput): 1 | 2 =>
  typeof preprocessing === 'string' && crop === 1 && padding.every((level) => level === 0) ? 1 : 2;

/** The number of the format of objects that hold a contract, see {@link inputFormatOf}. */
export const InputFormatSchema = z.union([z.literal(1), z.literal(2)]);

/** A preprocessing in words, e.g. `torch`. */
export const describePreprocessing = (preprocessing: Preprocessing): string =>
  typeof preprocessing === 'string'
    ? preprocessing
    : `mean ${preprocessing.mean.join(', ')}, std ${preprocessing.std.join(', ')} of ${preprocessing.order.toUpperCase()}`;

/** The way to the network's size in words, e.g. `cover, the center 0.875 of it`. */
export function describeResize({ resize, crop = 1, padding }: Framing): string {
  if (resize === 'cover' && crop < 1) return `cover, the center ${crop} of it`;
  return resize === 'contain' ? `contain, edges of ${(padding ?? DEFAULT_PADDING).join(', ')}` : resize;
}

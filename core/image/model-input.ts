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

/**
 * Versions of decoding: a new one is added where the same bytes give other pixels than before. Keys of cached features contain it.
 * `core/image/decode-image.ts` says what each gives.
 */
export const DecodingSchema = z.union([z.literal(2), z.literal(3)]);
/** One of {@link DecodingSchema}. */
export type Decoding = z.infer<typeof DecodingSchema>;
/** All of them. */
export const DECODINGS: readonly Decoding[] = DecodingSchema.options.map(({ value }) => value);
/** The version of decoding of what is made from now on. */
export const DECODING_VERSION = 3 satisfies Decoding;
/** The version of contracts that do not name one. */
export const EARLIER_DECODING = 2 satisfies Decoding;

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
  decoding: DecodingSchema.optional().describe(
    'Version of the decoding of pictures. 2: libvips decodes and scales, by its cubic kernel. 3: pictures are decoded in full size and ' +
      "scaled by Pillow's BICUBIC (version 13), bit for bit; those that become much smaller are reduced by libvips first. " +
      `Where it is absent: ${EARLIER_DECODING}.`,
  ),
});
/** The input contract of a model. */
export type ModelInput = z.infer<typeof ModelInputSchema>;

/** How a picture is brought to the height and width of an input, and by which decoding. */
export type Framing = Pick<ModelInput, 'resize' | 'crop' | 'padding' | 'decoding'>;

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

/** The framing that is asked for. A crop of 1 is left out of it. */
export const toFraming = ({ resize = 'cover', crop = EVALUATION_CROP }: AskedFraming): Framing => ({
  resize,
  ...(resize === 'cover' && crop < 1 ? { crop } : {}),
  decoding: DECODING_VERSION,
});

/** The framing in a contract or a decision. Decisions from before they could say one mean whole pictures. */
export const framingOf = ({
  resize = 'stretch',
  crop,
  padding,
  decoding,
}: { readonly [K in keyof Framing]?: Framing[K] | undefined }): Framing => ({
  resize,
  ...(crop === undefined ? {} : { crop }),
  ...(padding === undefined ? {} : { padding }),
  ...(decoding === undefined ? {} : { decoding }),
});

/** How bytes of pixels become input of the network: by its usual name, or by numbers. */
export type Preprocessing = ModelInput['preprocessing'];

/**
 * The format in which an object with this contract is stored: the first that could say all of it, so that earlier versions of Fovea read
 * it. They refuse later formats, which they would read wrongly.
 */
export function inputFormatOf({ preprocessing, crop = 1, padding = [], decoding }: ModelInput): 1 | 2 | 3 {
  if (decoding !== undefined && decoding > EARLIER_DECODING) return 3;
  return typeof preprocessing === 'string' && crop === 1 && padding.every((level) => level === 0) ? 1 : 2;
}

/** The number of the format of objects that hold a contract, see {@link inputFormatOf}. */
export const InputFormatSchema = z.union([z.literal(1), z.literal(2), z.literal(3)]);

/** A preprocessing in words, e.g. `torch`. */
export const describePreprocessing = (preprocessing: Preprocessing): string =>
  typeof preprocessing === 'string'
    ? preprocessing
    : `mean ${preprocessing.mean.join(', ')}, std ${preprocessing.std.join(', ')} of ${preprocessing.order.toUpperCase()}`;

const DECODING_WORDS: Readonly<Record<Decoding, string>> = {
  2: "scaled by libvips's cubic kernel",
  3: "scaled by Pillow's BICUBIC",
};

/** A version of decoding in words, e.g. `version 3, scaled by Pillow's BICUBIC`. */
export const describeDecoding = ({ decoding = EARLIER_DECODING }: Pick<Framing, 'decoding'>): string =>
  `version ${decoding}, ${DECODING_WORDS[decoding]}`;

/** The way to the network's size in words, e.g. `cover, the center 0.875 of it`. */
export function describeResize({ resize, crop = 1, padding }: Framing): string {
  if (resize === 'cover' && crop < 1) return `cover, the center ${crop} of it`;
  return resize === 'contain' ? `contain, edges of ${(padding ?? DEFAULT_PADDING).join(', ')}` : resize;
}

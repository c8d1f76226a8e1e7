// Reads what a hub's repository says of the pictures that its model takes: `preprocessor_config.json`, as the image processors of
// Hugging Face's transformers write it. Knows no network.

import { z } from 'zod';
import { FoveaError } from '../../core/errors/errors.ts';
import {
  type AskedFraming,
  CropSchema,
  type Normalization,
  NormalizationSchema,
} from '../../core/image/model-input.ts';
import type { Layout } from '../../core/network/onnx/export-context.ts';

/** Name of the file in a repository. */
export const HUB_INPUT_FILE = 'preprocessor_config.json';

/** How pictures are prepared for a model of a hub. */
export interface HubInput {
  /** Exports of transformers take PyTorch's layout. */
  readonly layout: Layout;
  readonly preprocessing: Normalization;
  /** Undefined where the file does not say it. */
  readonly size: { readonly height: number; readonly width: number } | undefined;
  readonly framing: AskedFraming;
}

const Side = z.number().int().positive();
const SizeSchema = z.union([
  z.object({ height: Side, width: Side }),
  z
    .object({ shortest_edge: Side })
    .transform(({ shortest_edge: side }) => ({ height: side, width: side, keepsShape: true })),
  Side.transform((side) => ({ height: side, width: side })),
]);
type Size = z.output<typeof SizeSchema>;
const Numbers = NormalizationSchema.shape;
const ConfigSchema = z.object({
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: Numbers.mean.optional(),
  image_std: Numbers.std.optional(),
  do_center_crop: z.boolean().default(false),
  crop_size: SizeSchema.optional(),
  size: SizeSchema.optional(),
  crop_pct: CropSchema.optional(),
});

/**
 * Reads a `preprocessor_config.json`. The numbers become those of values from 0 to 1, whatever the file rescales by.
 * @throws {FoveaError} `backbone-input-unsupported` where it cannot be read.
 */
export function parseHubInput(text: string): HubInput {
  const config = ConfigSchema.safeParse(readJson(text));
  if (!config.success) {
    const problems = config.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
    );
    throw unreadable(problems.join('; '));
  }
  const { do_rescale, rescale_factor, do_normalize, image_mean, image_std, do_center_crop, size, crop_pct } =
    config.data;
  const cut = do_center_crop ? config.data.crop_size : undefined;
  if (do_normalize && (image_mean === undefined || image_std === undefined))
    throw unreadable('it normalizes, and has no image_mean or image_std');
  // (255 v · factor - mean) / std = (v - mean / scale) / (std / scale)
  const scale = do_rescale ? 255 * rescale_factor : 255;
  const of = (values: readonly number[]) => values.map((value) => value / scale);
  return {
    layout: 'nchw',
    preprocessing: {
      mean: of((do_normalize ? image_mean : undefined) ?? [0]),
      std: of((do_normalize ? image_std : undefined) ?? [1]),
      order: 'rgb',
    },
    size: sizeOf(cut ?? size),
    framing:
      cut !== undefined || (size !== undefined && 'keepsShape' in size)
        ? { resize: 'cover', crop: shareOf(cut, size) ?? crop_pct ?? 1 }
        : { resize: 'stretch' },
  };
}

const sizeOf = (size: Size | undefined) =>
  size === undefined ? undefined : { height: size.height, width: size.width };

/** The share of the scaled picture's sides that a cut keeps; undefined where it is not told, or is none that a contract allows. */
const shareOf = (cut: Size | undefined, size: Size | undefined): number | undefined =>
  cut === undefined || size === undefined ? undefined : CropSchema.safeParse(cut.height / size.height).data;

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable('it is not JSON');
  }
}

const unreadable = (problem: string) =>
  new FoveaError(
    'backbone-input-unsupported',
    `The repository's ${HUB_INPUT_FILE} cannot be used: ${problem}. Say what it would with --layout, --mean, --std and --size.`,
    { param: 'source' },
  );

// Augmented views and mixtures of pictures as ops of a program: what augmentation/render-view.ts and examples/mix-batch.ts
// do on the host, on the device. Both agree to one step of 255. What is drawn at random comes in as numbers.

import * as ops from '../program/ops.ts';
import type { Dimension, Value } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';

/** Factors of red, green and blue in luma (ITU-R BT.601). */
export const LUMA = [0.299, 0.587, 0.114] as const;
/** The gray value of a cutout's square, 0 to 255. */
export const HIDDEN = 128;

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Names of the inputs that say what the views are; augmentation/device-views.ts gives their values. */
export const VIEW_INPUTS = {
  /** float32 `[batch, 8]`, see ops.projectiveTransform. */
  transforms: 'view_transforms',
  /** float32 `[batch, 3]`: factors of brightness, contrast and saturation. */
  colors: 'view_colors',
  /** float32 `[batch, height]` and `[batch, width]`: 1 where both are is hidden. */
  hiddenRows: 'view_hidden_rows',
  hiddenColumns: 'view_hidden_columns',
} as const;

/** Names of the inputs that say how pictures are mixed; augmentation/device-views.ts gives their values. */
export const MIX_INPUTS = {
  /** int32 `[batch]`. */
  partners: 'mix_partners',
  /** float32 `[height]` and `[width]`: the rectangle that is mixed, and in it the partner's share. */
  rows: 'mix_rows',
  columns: 'mix_columns',
} as const;

const round = (b: ProgramBuilder, x: Value): Value =>
  ops.unary(b, 'Floor', ops.binary(b, 'AddV2', x, b.scalar(0.5)));

/** From `x` to `y` by the share `weight`. */
const towards = (b: ProgramBuilder, x: Value, y: Value, weight: Value): Value =>
  ops.binary(b, 'AddV2', x, ops.binary(b, 'Mul', ops.binary(b, 'Sub', y, x), weight));

/** The outer product of `[rows…, height]` and `[rows…, width]`, `[rows…, height, width, 1]`. */
function rectangle(b: ProgramBuilder, rows: Value, columns: Value): Value {
  const lead = rows.shape.slice(0, -1);
  const tall = ops.reshape(b, rows, [...lead, ops.channelsOf(rows), 1, 1]);
  const wide = ops.reshape(b, columns, [...lead, 1, ops.channelsOf(columns), 1]);
  return ops.binary(b, 'Mul', tall, wide);
}

/**
 * Appends the augmented views of a batch.
 *
 * @param pixels uint8 `[batch, h, w, channels]`, larger than the views.
 * @returns float32 of whole numbers, 0 to 255, `[batch, height, width, channels]`.
 */
export function renderInGraph(b: ProgramBuilder, pixels: Value, { height, width }: Size): Value {
  const batch: Dimension = pixels.shape[0] ?? null;
  const transforms = b.input(VIEW_INPUTS.transforms, [batch, 8]);
  const colors = b.input(VIEW_INPUTS.colors, [batch, 3]);
  const hidden = rectangle(
    b,
    b.input(VIEW_INPUTS.hiddenRows, [batch, height]),
    b.input(VIEW_INPUTS.hiddenColumns, [batch, width]),
  );
  const values = ops.cast(b, pixels, 'float32');
  const cut = round(b, ops.projectiveTransform(b, values, transforms, { height, width }));
  const factor = (i: number) => ops.reshape(b, ops.sliceChannels(b, colors, i, 1), [batch, 1, 1, 1]);
  const [brightness, contrast, saturation] = [factor(0), factor(1), factor(2)];
  const bright = ops.binary(b, 'Mul', cut, brightness);
  const mean = ops.reduce(b, 'Mean', bright, [1, 2, 3], true);
  const lit = towards(b, mean, bright, contrast);
  const colored = ops.channelsOf(lit) === 1 ? lit : saturate(b, lit, saturation);
  const limited = ops.binary(
    b,
    'Minimum',
    ops.binary(b, 'Maximum', round(b, colored), b.scalar(0)),
    b.scalar(255),
  );
  return towards(b, limited, b.scalar(HIDDEN), hidden);
}

function saturate(b: ProgramBuilder, x: Value, saturation: Value): Value {
  const weighted = ops.binary(b, 'Mul', x, b.constant(LUMA));
  const luma = ops.reduce(b, 'Sum', weighted, [3], true);
  return towards(b, luma, x, saturation);
}

/** A batch mixed in pairs. @param images float32 `[batch, height, width, channels]`. */
export function mixInGraph(b: ProgramBuilder, images: Value): Value {
  const [batch = null, height, width] = images.shape;
  const partners = ops.gather(b, images, b.input(MIX_INPUTS.partners, [batch], 'int32'));
  const share = rectangle(
    b,
    b.input(MIX_INPUTS.rows, [ops.known(height)]),
    b.input(MIX_INPUTS.columns, [ops.known(width)]),
  );
  return towards(b, images, partners, share);
}

// Augmented views and mixtures as the numbers that tensorflow/network/render-in-graph.ts takes. No pixels are touched here.

import { MIX_INPUTS, VIEW_INPUTS } from '../tensorflow/network/render-in-graph.ts';
import type { View } from './draw-view.ts';
import { hiddenRange } from './render-view.ts';

interface Size {
  readonly height: number;
  readonly width: number;
}

/** How the pictures of a batch are mixed. */
export interface Mixture {
  /** For each picture, the index of its partner, which is mixed into it. */
  readonly partners: Int32Array;
  /** The rectangle in which they are mixed, in pixels. */
  readonly rectangle: {
    readonly top: number;
    readonly left: number;
    readonly rows: number;
    readonly columns: number;
  };
  /** The partner's share in the rectangle: 1 pastes it (CutMix), less mixes (mixup). */
  readonly share: number;
  /** The picture's own share of the label. */
  readonly own: number;
}

/** Values by the names of a program's inputs. */
export type DeviceInputs = ReadonlyMap<string, Float32Array | Int32Array>;

const VALUES_PER_TRANSFORM = 8;

/** The map of render-view.ts from a pixel of the view to where it is read in the picture, in ops.projectiveTransform's order. */
function toTransform(view: View, source: Size, target: Size): readonly number[] {
  const cos = Math.cos(view.angle);
  const sin = Math.sin(view.angle);
  const stepX = ((view.isMirrored ? -1 : 1) * view.width * source.width) / target.width;
  const stepY = (view.height * source.height) / target.height;
  const startX = stepX * (0.5 - target.width / 2);
  const startY = stepY * (0.5 - target.height / 2);
  const middleX = view.centerX * source.width - 0.5;
  const middleY = view.centerY * source.height - 0.5;
  return [
    cos * stepX,
    -sin * stepY,
    middleX + cos * startX - sin * startY,
    sin * stepX,
    cos * stepY,
    middleY + sin * startX + cos * startY,
    0,
    0,
  ];
}

/**
 * The values of {@link VIEW_INPUTS} for a batch, one view a picture.
 *
 * @param source Size of the pictures that views are cut from.
 * @param target Size of the views.
 */
export function toViewInputs(views: readonly View[], source: Size, target: Size): DeviceInputs {
  const transforms = new Float32Array(views.length * VALUES_PER_TRANSFORM);
  const colors = new Float32Array(views.length * 3);
  const rows = new Float32Array(views.length * target.height);
  const columns = new Float32Array(views.length * target.width);
  views.forEach((view, i) => {
    transforms.set(toTransform(view, source, target), i * VALUES_PER_TRANSFORM);
    colors.set([view.brightness, view.contrast, view.saturation], 3 * i);
    const { cutout } = view;
    if (cutout === undefined) return;
    const [top, bottom] = hiddenRange(cutout.centerY, cutout.side, target.height);
    const [left, right] = hiddenRange(cutout.centerX, cutout.side, target.width);
    rows.subarray(i * target.height, (i + 1) * target.height).fill(1, top, bottom);
    columns.subarray(i * target.width, (i + 1) * target.width).fill(1, left, right);
  });
  return new Map([
    [VIEW_INPUTS.transforms, transforms],
    [VIEW_INPUTS.colors, colors],
    [VIEW_INPUTS.hiddenRows, rows],
    [VIEW_INPUTS.hiddenColumns, columns],
  ]);
}

/** The values of {@link MIX_INPUTS} for a batch of pictures of this size. */
export function toMixInputs({ partners, rectangle, share }: Mixture, { height, width }: Size): DeviceInputs {
  const { top, left, rows, columns } = rectangle;
  return new Map<string, Float32Array | Int32Array>([
    [MIX_INPUTS.partners, partners],
    [MIX_INPUTS.rows, new Float32Array(height).fill(share, top, top + rows)],
    [MIX_INPUTS.columns, new Float32Array(width).fill(1, left, left + columns)],
  ]);
}

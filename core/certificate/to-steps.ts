// The steps of a certificate from an input contract. Knows no files.

import { DEFAULT_PADDING, type Decoding, EARLIER_DECODING, type ModelInput } from '../image/model-input.ts';
import { stepsOf } from '../image/preprocess-pixels.ts';
import { ALPHA_BACKGROUND } from '../image/read-rgb.ts';
import type { Step } from './certificate.ts';

/** ITU-R 601 in the whole numbers of each version of decoding, and whether pictures turn gray before they are scaled. */
const GRAY = {
  2: { weights: [299, 587, 114], add: 500, divisor: 1000, isFirst: false },
  3: { weights: [19595, 38470, 7471], add: 0x8000, divisor: 0x10000, isFirst: true },
} as const satisfies Readonly<Record<Decoding, object>>;
/** Keys's parameter of the Catmull-Rom spline. */
const CATMULL_ROM = -0.5;
/** As Pillow has them. */
const WEIGHT_BITS = 22;

/** The steps from the bytes of a picture to the input of a network. */
export function toSteps(input: ModelInput): Step[] {
  const { height, width, channels, resize: fit, crop = 1, decoding = EARLIER_DECODING } = input;
  const { isFirst, ...luma } = GRAY[decoding];
  const gray: Step[] = channels === 1 ? [{ step: 'gray', ...luma, weights: [...luma.weights] }] : [];
  const shown = fit === 'cover' ? crop : 1;
  const color = input.padding ?? DEFAULT_PADDING;
  const isGray = channels === 1 && isFirst;
  // In version 2 libvips itself cuts and pads, unless it gets a window.
  const odd = decoding === 2 && shown === 1 ? 'up' : 'down';
  return [
    {
      step: 'decode',
      orientation: 'upright',
      color: 'srgb',
      bits: 8,
      cmyk: 'libvips',
      background: Object.values(ALPHA_BACKGROUND),
      blend: 'down',
      frame: 0,
    },
    ...(isFirst ? gray : []),
    {
      step: 'resize',
      fit,
      width: Math.round(width / shown),
      height: Math.round(height / shown),
      rounding: shown < 1 ? 'down' : 'nearest',
      kernel: 'cubic',
      a: CATMULL_ROM,
      antialias: true,
      bits: WEIGHT_BITS,
      passes: 'horizontal-vertical',
    },
    { step: 'window', width, height, odd, color: isGray ? [toLuma(color, luma)] : [...color] },
    ...(isFirst ? [] : gray),
    toNormalize(input),
    { step: 'layout', axes: 'NHWC', type: 'float32' },
  ];
}

function toNormalize({ channels, preprocessing }: ModelInput): Step {
  const { divisor, mean, deviation, order } = stepsOf(preprocessing);
  const each = (values: readonly number[]) =>
    Array.from({ length: channels }, (_, channel) => values[channel] ?? values[0] ?? 0);
  return {
    step: 'normalize',
    order: channels === 1 ? [0] : [...order],
    divisor,
    mean: each(mean),
    deviation: each(deviation),
  };
}

const toLuma = (
  rgb: readonly number[],
  {
    weights,
    add,
    divisor,
  }: { readonly weights: readonly number[]; readonly add: number; readonly divisor: number },
): number =>
  Math.floor(weights.reduce((sum, weight, channel) => sum + weight * (rgb[channel] ?? 0), add) / divisor);

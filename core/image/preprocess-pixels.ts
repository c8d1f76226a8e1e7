// Preprocesses pixels of 0..255 to the values that a network was trained on, by Keras's modes or by numbers, with lookup tables.

import { FoveaError } from '../errors/errors.ts';
import { describePreprocessing, type PREPROCESSING_MODES, type Preprocessing } from './model-input.ts';

const VALUES = 256;

/** The arithmetic of a mode, for each channel of its output: `(value / divisor - mean) / deviation`. */
export interface PreprocessingSteps {
  readonly divisor: number;
  /** One number for all channels, or one for each. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** The input channel (of R, G and B) from which each output channel is read. */
  readonly order: readonly [number, number, number];
}

const RGB = [0, 1, 2] as const;
const BGR = [2, 1, 0] as const;

/** The arithmetic of Keras's modes. */
const PREPROCESSING_STEPS: Readonly<Record<(typeof PREPROCESSING_MODES)[number], PreprocessingSteps>> = {
  tf: { divisor: 127.5, mean: [1], deviation: [1], order: RGB },
  torch: { divisor: 255, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225], order: RGB },
  caffe: { divisor: 1, mean: [103.939, 116.779, 123.68], deviation: [1], order: BGR },
  unit: { divisor: 255, mean: [0], deviation: [1], order: RGB },
  none: { divisor: 1, mean: [0], deviation: [1], order: RGB },
};

/** The arithmetic of a preprocessing. */
export function stepsOf(preprocessing: Preprocessing): PreprocessingSteps {
  if (typeof preprocessing === 'string') return PREPROCESSING_STEPS[preprocessing];
  const { mean, std, order } = preprocessing;
  return { divisor: VALUES - 1, mean, deviation: std, order: order === 'rgb' ? RGB : BGR };
}

const f = Math.fround;
const ofChannel = (values: readonly number[], channel: number) => values[channel] ?? values[0] ?? 0;

/** The value of one pixel, rounded to float32 after every step, as Keras computes it. */
function preprocess(
  { divisor, mean, deviation }: PreprocessingSteps,
  value: number,
  channel: number,
): number {
  const centered = f(f(value / divisor) - f(ofChannel(mean, channel)));
  return f(centered / f(ofChannel(deviation, channel)));
}

type Tables = readonly [Float32Array, Float32Array, Float32Array];
/** By the steps of a mode, or by the numbers of a contract, with which their tables go. */
const tablesOf = new WeakMap<object, Tables>();

function tables(preprocessing: Preprocessing): Tables {
  const key = typeof preprocessing === 'string' ? PREPROCESSING_STEPS[preprocessing] : preprocessing;
  const known = tablesOf.get(key);
  if (known !== undefined) return known;
  const steps = stepsOf(preprocessing);
  const table = (channel: number): Float32Array =>
    Float32Array.from({ length: VALUES }, (_, value) => preprocess(steps, value, channel));
  const made: Tables = [table(0), table(1), table(2)];
  tablesOf.set(key, made);
  return made;
}

/**
 * Turns pixels into network values, float32, in the same layout.
 *
 * @param pixels `[…, channels]`, 0..255; RGB where there are three channels. Any number of pictures in a row.
 * @param target Array to write to, from `offset` on. Default: a new one.
 * @returns `target`. Ranges: tf -1..1, torch about -2.2..2.7, caffe -124..152 (BGR), unit 0..1, none 0..255.
 * @throws {FoveaError} `preprocessing-unsupported` for one channel where there are numbers for three, as torch and caffe have.
 * @throws {RangeError} where the values do not fit into `target`.
 */
export function preprocessPixels(
  pixels: Uint8Array,
  channels: 1 | 3,
  preprocessing: Preprocessing,
  target: Float32Array = new Float32Array(pixels.length),
  offset = 0,
): Float32Array {
  if (offset < 0 || offset + pixels.length > target.length) {
    throw new RangeError(
      `${pixels.length} values do not fit at offset ${offset} of an array of ${target.length} values.`,
    );
  }
  const [first, second, third] = tables(preprocessing);
  const { mean, deviation, order } = stepsOf(preprocessing);
  if (channels === 1) {
    if (mean.length > 1 || deviation.length > 1) {
      throw new FoveaError(
        'preprocessing-unsupported',
        `The preprocessing "${describePreprocessing(preprocessing)}" needs 3 channels, but the input has 1. Use "tf", "unit" or ` +
          '"none", or one mean and one std.',
        { param: 'preprocessing', details: { preprocessing, channels } },
      );
    }
    for (let i = 0; i < pixels.length; i++) target[offset + i] = first[pixels[i] as number] as number;
    return target;
  }
  const [red, green, blue] = order;
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    target[offset + at] = first[pixels[at + red] as number] as number;
    target[offset + at + 1] = second[pixels[at + green] as number] as number;
    target[offset + at + 2] = third[pixels[at + blue] as number] as number;
  }
  return target;
}

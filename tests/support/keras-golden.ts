// Reading the reference outputs that Keras made, and the rule that fills weights and inputs for them
// (goldens/keras/README.md of the shared folder, which also has the tolerances).

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { NetworkWeights } from '../../core/network/description/network.ts';

export const SHARED_DIR = path.resolve(import.meta.dirname, '../../../shared');
const GOLDEN_DIR = path.join(SHARED_DIR, 'goldens/keras');

/** Prints why tests are left out, and returns true, where a shared file is not there. */
export function isMissing(file: string): boolean {
  const missing = !existsSync(file);
  if (missing) console.warn(`Skipped: ${file} is not there.`);
  return missing;
}

export interface GoldenWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly k: number;
  readonly rule: 'kernel' | 'offset' | 'scale' | 'variance' | 'zero';
  readonly fanIn?: number;
  readonly sum: number;
}

export interface GoldenOutput {
  readonly sum: number;
  readonly l2: number;
  readonly at: readonly (readonly [index: number, value: number])[];
  readonly maxAbs: number;
}

export interface GoldenLayer {
  readonly name: string;
  readonly type: string;
  readonly inbound: readonly string[];
  readonly outputShape: readonly (number | null)[];
  readonly params: number;
  readonly bareOperation?: true;
  readonly sublayers?: readonly { readonly name: string }[];
  readonly weights: readonly GoldenWeight[];
  readonly out: GoldenOutput;
}

export interface Golden {
  readonly model: string;
  readonly inputShape: readonly [number, number, number, 1 | 3];
  readonly totalParams: number;
  readonly trainableParams: number;
  readonly weightsCount: number;
  readonly preprocess: string;
  readonly fill: { readonly gain: number; readonly headGain: number; readonly headWeight: number };
  readonly input: { readonly range: '-1..1' | '0..255'; readonly sum: number };
  readonly outputs: {
    readonly softmax: readonly (readonly number[])[] | null;
    readonly softmaxFloat64: readonly (readonly number[])[] | null;
    readonly features: {
      readonly layer: string;
      readonly images: readonly {
        readonly first16: readonly number[];
        readonly sum: number;
        readonly l2: number;
      }[];
    };
  };
  readonly float32VersusFloat64: { readonly softmaxMaxAbsDiff: number };
  readonly layers: readonly GoldenLayer[];
}

export const goldenPath = (name: string) => path.join(GOLDEN_DIR, `${name}.json`);

/** @param file Path of a file in the format of the Keras goldens. */
export const readGolden = (file: string): Golden => JSON.parse(readFileSync(file, 'utf8')) as Golden;

function fmix(value: number): number {
  let h = value >>> 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** float64 in [-1, 1), number j of stream k. */
const draw = (k: number, j: number): number =>
  fmix(fmix(j + 1) ^ fmix((k + 0x9e3779b9) >>> 0)) / 2147483648 - 1;

function fill(weight: GoldenWeight, gain: number): Float32Array {
  const size = weight.shape.reduce((product, n) => product * n, 1);
  const values = new Float32Array(size);
  const bound = gain * Math.sqrt(3 / (weight.fanIn ?? 1));
  const rule: Record<GoldenWeight['rule'], (s: number) => number> = {
    kernel: (s) => s * bound,
    offset: (s) => 0.05 * s,
    scale: (s) => 1 + 0.1 * s,
    variance: (s) => 1 + 0.5 * Math.abs(s),
    zero: () => 0,
  };
  const evaluate = rule[weight.rule];
  for (let j = 0; j < size; j++) values[j] = evaluate(draw(weight.k, j));
  return values;
}

/** Key of a golden's weight in {@link NetworkWeights}: sublayers bring their own name, layer scales have none. */
export function keyOf(layer: GoldenLayer, weight: GoldenWeight): string {
  if (weight.name.includes('/')) return weight.name;
  return `${layer.name}/${weight.name.startsWith('variable') ? 'gamma' : weight.name}`;
}

let lastFilled: { readonly model: string; readonly weights: NetworkWeights } | undefined;

/** The weights of a golden, filled by the rule; those of the last one asked for are kept, as filling is slow. */
export function goldenWeights(golden: Golden): NetworkWeights {
  if (lastFilled?.model !== golden.model) {
    lastFilled = { model: golden.model, weights: fillWeights(golden) };
  }
  return lastFilled.weights;
}

function fillWeights({ layers, fill: { gain, headGain, headWeight } }: Golden): NetworkWeights {
  return new Map(
    layers.flatMap((layer) =>
      layer.weights.map((weight) => [
        keyOf(layer, weight),
        fill(weight, weight.k === headWeight ? headGain : gain),
      ]),
    ),
  );
}

/** The input batch of the rule, float32 `[batch, height, width, channels]`. */
export function ruleInput(shape: readonly number[], range: Golden['input']['range']): Float32Array {
  const [batch = 0, height = 0, width = 0, channels = 0] = shape;
  const values = new Float32Array(batch * height * width * channels);
  let j = 0;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < height; h++) {
      for (let w = 0; w < width; w++) {
        for (let c = 0; c < channels; c++, j++) {
          const x =
            0.5 * Math.sin(0.37 * h * (1 + b) + 0.23 * w + 1.1 * c) +
            0.2 * Math.sin(2.1 * b + 1.3 * c) +
            0.3 * draw(1_000_000, j);
          values[j] = range === '0..255' ? 127.5 + 127.5 * x : x;
        }
      }
    }
  }
  return values;
}

export const goldenInput = (golden: Golden): Float32Array => ruleInput(golden.inputShape, golden.input.range);

/** Sum of values in float64. */
export const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

/** Euclidean norm in float64. */
export const normOf = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

/** Largest absolute difference of two rows-in-rows. */
export function maxDifference(values: Float32Array, expected: readonly number[]): number {
  if (values.length !== expected.length) return Number.POSITIVE_INFINITY;
  return expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (values[i] ?? Number.NaN))), 0);
}

/** Why a layer's output is not the golden one, or `undefined`. */
export function outputProblem(
  values: Float32Array,
  expected: GoldenOutput,
  tolerance: number,
): string | undefined {
  const l2 = normOf(values);
  if (!(Math.abs(l2 - expected.l2) <= tolerance * expected.l2)) return `l2 ${l2}, not ${expected.l2}`;
  const wrong = expected.at.find(
    ([i, v]) => !(Math.abs((values[i] ?? Number.NaN) - v) <= tolerance * expected.maxAbs),
  );
  return wrong && `value ${wrong[0]} is ${values[wrong[0]]}, not ${wrong[1]}`;
}

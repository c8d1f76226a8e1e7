import { beforeAll, describe, expect, it } from 'vitest';
import { toHalfBits } from '../../../core/float16.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { decodeModel } from '../../../core/network/onnx/onnx-schema.ts';
import { quantizeModel } from '../../../core/network/onnx/quantize.ts';
import { toHalfPrecision } from '../../../core/network/onnx/to-half-precision.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { measureRanges } from '../../../core/predict/measure-ranges.ts';
import { checkOnnx, hasOnnxChecker } from '../../support/check-onnx.ts';
import { livelyWeights } from '../../support/lively-weights.ts';
import { randomValues } from '../../support/random-weights.ts';
import { runOnnx } from '../../support/run-onnx.ts';

const CASES = ['small_cnn', 'mobilenet_v2_0.35', 'mobilenet_v3_small'];
const DIMS = [1, 64, 64, 3] as const;
const canCheck = hasOnnxChecker();

const pictures = (count: number) =>
  Array.from({ length: count }, (_, i) => randomValues(64 * 64 * 3, i).map((value) => value / 2));

async function model(name: string): Promise<Uint8Array> {
  const { build } = findArchitecture(name);
  const network = build({ inputSize: { height: 64, width: 64, channels: 3 }, classes: 5 });
  const [picture = new Float32Array()] = pictures(1);
  return toOnnx(network, await livelyWeights(network, 1, picture, DIMS));
}

const answer = async (onnx: Uint8Array, x: Float32Array) =>
  (await runOnnx(onnx, x, DIMS)).get('probabilities')?.values ?? new Float32Array();
const difference = (a: Float32Array, b: Float32Array) =>
  a.reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] ?? Number.NaN))), 0);

describe.each(CASES)('variants of %s', (name) => {
  let onnx: Uint8Array;
  const [x = new Float32Array(), ...calibration] = pictures(4);
  beforeAll(async () => {
    onnx = await model(name);
  });

  it('takes half the bytes in half precision, and answers nearly the same', async () => {
    const half = toHalfPrecision(onnx);
    expect(half.byteLength / onnx.byteLength).toBeLessThan(name === 'small_cnn' ? 0.55 : 0.6);
    const off = difference(await answer(onnx, x), await answer(half, x));
    console.info(`${name} in half precision: off by ${off.toExponential(1)}`);
    expect(off).toBeLessThan(5e-3);
    if (canCheck) checkOnnx(half);
  });

  it('takes little more than a quarter in integers, and answers alike', async () => {
    const integer = quantizeModel(onnx, await measureRanges(onnx, calibration, DIMS));
    expect(integer.byteLength / onnx.byteLength).toBeLessThan(0.5);
    const off = difference(await answer(onnx, x), await answer(integer, x));
    console.info(`${name} in integers: off by ${off.toExponential(1)}`);
    expect(off).toBeLessThan(0.1);
    if (canCheck) checkOnnx(integer);
  });
});

describe('quantizeModel', () => {
  it('stores every convolution and dense layer as 8-bit integers', async () => {
    const onnx = await model('small_cnn');
    const integer = decodeModel(quantizeModel(onnx, await measureRanges(onnx, pictures(2), DIMS)));
    const ofType = (type: number) =>
      integer.graph.initializer.filter(({ dataType }) => dataType === type).length;
    // The bias of the scores stays float32, which they are.
    expect([ofType(3), ofType(6)]).toEqual([5, 4]);
    expect(integer.graph.initializer.every(({ dataType, dims }) => dataType !== 1 || dims.length < 2)).toBe(
      true,
    );
  });
});

describe('toHalfBits', () => {
  it.each([
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -14, 0x0400],
    // Between 1 and the next half, 1 + 2^-10: a tie goes to the even one.
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 - 2 ** -12, 0x4000],
  ])('rounds %d to the nearest half', (x, bits) => {
    expect(toHalfBits(x)).toBe(bits);
  });
});

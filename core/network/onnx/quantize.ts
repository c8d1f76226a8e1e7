// Quantizes an ONNX model to 8-bit integers, in the QDQ form that every ONNX Runtime reads: values and weights pass through pairs
// of QuantizeLinear and DequantizeLinear, which the runtime replaces by integer kernels. Knows no networks.
//
// Jacob et al. 2018, https://arxiv.org/abs/1712.05877; ONNX Runtime's own quantizer lays out graphs the same way.

import { present } from '../../present.ts';
import {
  DATA_TYPE,
  decodeModel,
  encodeModel,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  toAttribute,
} from './onnx-schema.ts';
import { floatsOf } from './tensor-values.ts';

/** The smallest and the largest value that a tensor was seen to have. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** Axis of the output channels in the weights of an operator, and whether its third input is a bias. */
const WEIGHTED: Readonly<Record<string, { readonly axis: number; readonly hasBias: boolean }>> = {
  Conv: { axis: 0, hasBias: true },
  Gemm: { axis: 1, hasBias: true },
  MatMul: { axis: 1, hasBias: false },
};
/** Operators with integer kernels and without weights. */
const UNWEIGHTED = new Set(['Add', 'Concat', 'GlobalAveragePool', 'AveragePool']);
/** Operators that need no kernel, because quantizing their output clips at the same bounds. */
const CLIPPING = new Set(['Relu', 'Clip']);

const ACTIVATION_MAX = 255;
/**
 * Weights are symmetric and use all 8 bits. With 7 bits, x86 processors without VNNI would never overflow the 16 bits in which they
 * add two products; but that was measured to cost MobileNetV2 a third of its answers.
 */
const WEIGHT_MAX = 127;
/** Biases are 32-bit integers, kept one bit below their bound. */
const BIAS_MAX = 2 ** 30;

const inputAt = ({ name, input }: NodeProto, index: number): string =>
  present(input[index], `input ${index} of node "${name}"`);

const isWeighted = (node: NodeProto, constants: ReadonlyMap<string, TensorProto>): boolean =>
  node.opType in WEIGHTED && constants.has(inputAt(node, 1)) && !constants.has(inputAt(node, 0));

const constantsOf = ({ graph }: ModelProto) =>
  new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));

/** Names of the values that become integers. */
function quantizedValues(model: ModelProto): readonly string[] {
  const constants = constantsOf(model);
  const readers = new Map<string, NodeProto[]>();
  for (const node of model.graph.node) {
    for (const input of node.input) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const values = new Set<string>();
  for (const node of model.graph.node) {
    const weighted = isWeighted(node, constants);
    if (!weighted && !UNWEIGHTED.has(node.opType)) continue;
    for (const input of weighted ? node.input.slice(0, 1) : node.input) {
      if (!constants.has(input)) values.add(input);
    }
    const output = present(node.output[0], `an output of node "${node.name}"`);
    const [reader, ...others] = readers.get(output) ?? [];
    // Scores keep their precision up to the probabilities.
    if (reader === undefined || reader.opType === 'Softmax') continue;
    const isClipped = others.length === 0 && CLIPPING.has(reader.opType);
    values.add(isClipped ? (reader.output[0] ?? output) : output);
  }
  for (const input of model.graph.input) values.delete(input.name);
  return [...values];
}

/**
 * Makes an output of every value whose range {@link quantizeModel} needs.
 * @returns the model, and the names of these outputs.
 */
export function exposeValues(onnx: Uint8Array): {
  readonly onnx: Uint8Array;
  readonly names: readonly string[];
} {
  const model = decodeModel(onnx);
  const names = quantizedValues(model);
  const outputs = names.map((name) => ({ name, type: { tensorType: { elemType: DATA_TYPE.float32 } } }));
  const graph = { ...model.graph, output: [...model.graph.output, ...outputs] };
  return { onnx: encodeModel({ ...model, graph }), names };
}

interface Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Scale and zero point of unsigned 8-bit steps over a range. One of the steps is 0, since padding is zeros. */
function scaleOf({ min, max }: ValueRange): Scale {
  const low = Math.min(0, min);
  const high = Math.max(0, max);
  const scale = Math.fround((high - low) / ACTIVATION_MAX) || 1;
  return { scale, zeroPoint: Math.min(ACTIVATION_MAX, Math.max(0, Math.round(-low / scale))) };
}

const tensor = (
  name: string,
  dataType: number,
  dims: readonly number[],
  values: Float32Array | Int32Array | Int8Array | Uint8Array,
): TensorProto => ({
  name,
  dataType,
  dims,
  rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

const node = (opType: string, name: string, input: readonly string[], axis?: number): NodeProto => ({
  opType,
  name,
  input,
  output: [name],
  attribute: axis === undefined ? [] : [toAttribute('axis', axis)],
});

/** Integer weights with a scale for each output channel. */
function quantizeWeights(
  values: Float32Array,
  dims: readonly number[],
  axis: number,
  minScales: Float64Array,
) {
  const channels = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((product, n) => product * n, 1);
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const largest = new Float64Array(channels);
  values.forEach((value, i) => {
    largest[channelOf(i)] = Math.max(largest[channelOf(i)] ?? 0, Math.abs(value));
  });
  const scales = Float32Array.from(largest, (max, i) => Math.max(max / WEIGHT_MAX, minScales[i] ?? 0) || 1);
  const integers = Int8Array.from(values, (value, i) => Math.round(value / (scales[channelOf(i)] ?? 1)));
  return { integers, scales };
}

/**
 * Quantizes convolutions, dense layers, sums, concatenations and averages to 8-bit integers. Weights are signed and symmetric with
 * one scale for each channel; values are unsigned with one scale. Input and output stay float32.
 * @param onnx A model that toOnnx made.
 * @param ranges of all values that {@link exposeValues} names, over pictures like those to be predicted.
 */
export function quantizeModel(onnx: Uint8Array, ranges: ReadonlyMap<string, ValueRange>): Uint8Array {
  const model = decodeModel(onnx);
  const constants = constantsOf(model);
  const added: TensorProto[] = [];
  const fromInteger: NodeProto[] = [];
  const values = new Map<string, Scale & { readonly dequantized: string }>();
  for (const name of quantizedValues(model)) {
    const range = ranges.get(name);
    if (range !== undefined) values.set(name, { ...scaleOf(range), dequantized: `${name}/dequantized` });
  }

  /** The pair of nodes that quantizes a value and gives it back. */
  const roundTrip = (name: string): readonly NodeProto[] => {
    const value = values.get(name);
    if (value === undefined) return [];
    const [scale, zero, integer] = [`${name}/quantized_scale`, `${name}/quantized_zero`, `${name}/quantized`];
    added.push(tensor(scale, DATA_TYPE.float32, [], Float32Array.of(value.scale)));
    added.push(tensor(zero, DATA_TYPE.uint8, [], Uint8Array.of(value.zeroPoint)));
    return [
      node('QuantizeLinear', integer, [name, scale, zero]),
      node('DequantizeLinear', value.dequantized, [integer, scale, zero]),
    ];
  };

  /** Stores weights and bias of an operator as integers. Gives back the new names of its inputs. */
  const quantizeConstants = (original: NodeProto, x: Scale): readonly string[] => {
    const { axis, hasBias } = present(WEIGHTED[original.opType], 'an operator with weights');
    const weight = present(constants.get(inputAt(original, 1)), `weights of node "${original.name}"`);
    const [, , biasName] = original.input;
    const bias = hasBias && biasName !== undefined ? constants.get(biasName) : undefined;
    const biasValues = bias === undefined ? new Float32Array() : floatsOf(bias);
    const minScales = Float64Array.from(biasValues, (value) => Math.abs(value) / (x.scale * BIAS_MAX));
    const { integers, scales } = quantizeWeights(floatsOf(weight), weight.dims, axis, minScales);
    const store = (
      name: string,
      type: number,
      dims: readonly number[],
      data: Int8Array | Int32Array,
      by: Float32Array,
      at: number,
    ) => {
      added.push(
        tensor(`${name}/integer`, type, dims, data),
        tensor(`${name}/integer_scale`, DATA_TYPE.float32, [by.length], by),
      );
      fromInteger.push(
        node('DequantizeLinear', `${name}/dequantized`, [`${name}/integer`, `${name}/integer_scale`], at),
      );
      return `${name}/dequantized`;
    };
    const names = [store(weight.name, DATA_TYPE.int8, weight.dims, integers, scales, axis)];
    if (bias !== undefined) {
      const steps = scales.map((scale) => scale * x.scale);
      const data = Int32Array.from(biasValues, (value, i) => Math.round(value / (steps[i] ?? 1)));
      names.push(store(bias.name, DATA_TYPE.int32, bias.dims, data, steps, 0));
    }
    return names;
  };

  /**
   * A dense layer whose scores stay float32, as a product of integers that is scaled afterwards. In the QDQ form its weights would be
   * turned back to float32 at every run: 2 of the 6 ms of MobileNetV2 with 1,000 classes.
   */
  const toScores = (original: NodeProto, x: Scale): readonly NodeProto[] => {
    const [input, weightName, biasName] = [inputAt(original, 0), inputAt(original, 1), original.input[2]];
    const weight = present(constants.get(weightName), `weights of node "${original.name}"`);
    const none = new Float64Array(weight.dims[1] ?? 0);
    const { integers, scales } = quantizeWeights(floatsOf(weight), weight.dims, 1, none);
    const [integer, steps] = [`${weightName}/integer`, `${weightName}/steps`];
    added.push(tensor(integer, DATA_TYPE.int8, weight.dims, integers));
    added.push(
      tensor(
        steps,
        DATA_TYPE.float32,
        [scales.length],
        scales.map((scale) => scale * x.scale),
      ),
    );
    const [sums, floats, scaled] = ['sums', 'float_sums', 'scaled'].map(
      (name) => `${original.name}/${name}`,
    ) as [string, string, string];
    const cast = { ...node('Cast', floats, [sums]), attribute: [toAttribute('to', DATA_TYPE.float32)] };
    const product = [
      node('MatMulInteger', sums, [`${input}/quantized`, integer, `${input}/quantized_zero`]),
      cast,
    ];
    const scaling = node('Mul', scaled, [floats, steps]);
    if (biasName === undefined) return [...product, { ...scaling, output: original.output }];
    const sum = node('Add', `${original.name}/with_bias`, [scaled, biasName]);
    return [...product, scaling, { ...sum, output: original.output }];
  };

  const nodes = model.graph.node.flatMap((original) => {
    const input = original.input.map((name) => values.get(name)?.dequantized ?? name);
    const [first] = original.input;
    const x = first === undefined ? undefined : values.get(first);
    const isInteger = x !== undefined && isWeighted(original, constants);
    const [output] = original.output;
    if (isInteger && original.opType === 'Gemm' && output !== undefined && !values.has(output)) {
      return toScores(original, x);
    }
    const changed = isInteger
      ? [inputAt({ ...original, input }, 0), ...quantizeConstants(original, x)]
      : input;
    return [{ ...original, input: changed }, ...original.output.flatMap(roundTrip)];
  });
  const used = [...fromInteger, ...nodes];
  const asked = new Set([
    ...used.flatMap(({ input }) => input),
    ...model.graph.output.map(({ name }) => name),
  ]);
  const all = used.filter(({ output }) => output.some((name) => asked.has(name)));
  const read = new Set(all.flatMap(({ input }) => input));
  const initializer = [...model.graph.initializer, ...added].filter(({ name }) => read.has(name));
  return encodeModel({ ...model, graph: { ...model.graph, node: all, initializer } });
}

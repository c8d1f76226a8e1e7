// Builds an ONNX graph: nodes, constants and unique value names. Knows the format, and no networks.

import {
  type AttributeValue,
  DATA_TYPE,
  encodeModel,
  type NodeProto,
  type TensorProto,
  toAttribute,
  type ValueInfoProto,
} from './onnx-schema.ts';

/**
 * Opset 17 is the first with LayerNormalization, and every ONNX Runtime from 1.12 on reads it, so that a model
 * outlives the runtime it was made with.
 */
export const OPSET_VERSION = 17;
/** The IR version that ONNX 1.12, the release of opset 17, writes. */
const IR_VERSION = 8;

/** A dimension of an input or output: a size, or the name of an open one. */
export type Dimension = number | string;

interface NodeOptions {
  /** The wished name of the value. A suffix is added where it is taken. */
  readonly name: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** An ONNX graph under construction. Its methods give back the names of values. */
export interface OnnxGraph {
  /** A float32 input of the graph. */
  input(name: string, dimensions: readonly Dimension[]): string;
  /** Reserves a name for an output, so that no value takes it. */
  reserve(name: string): void;
  /** Makes a value an output under a name kept by {@link reserve}. */
  output(value: string, name: string, dimensions: readonly Dimension[]): void;
  /** A float32 constant; `values` is not copied before {@link encode}. */
  constant(name: string, values: Float32Array, dimensions: readonly number[]): string;
  /** A float32 constant of one value, written once however often it is asked for. */
  scalar(value: number): string;
  /** An int64 constant of one axis. */
  integers(name: string, values: readonly number[]): string;
  /** Appends a node, and returns the name of its first output. */
  node(opType: string, inputs: readonly string[], options: NodeOptions): string;
  /** {@link node} with a second output: the names of both. */
  nodeOfTwo(opType: string, inputs: readonly string[], options: NodeOptions): readonly [string, string];
  /** The bytes of the `.onnx` file, without nodes and constants that no output needs. */
  encode(): Uint8Array;
}

const bytesOf = (values: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const valueInfo = (name: string, dimensions: readonly Dimension[]): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: DATA_TYPE.float32,
      shape: { dim: dimensions.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  },
});

/** Starts an empty graph. */
export function createOnnxGraph(graphName: string): OnnxGraph {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const inputs: ValueInfoProto[] = [];
  const outputs: ValueInfoProto[] = [];
  const names = new Set<string>();
  /** The next suffix to try for each wished name: a training step has thousands of values with the same one. */
  const suffixes = new Map<string, number>();
  const scalars = new Map<number, string>();

  const unique = (wish: string): string => {
    let name = wish;
    for (let i = suffixes.get(wish) ?? 1; names.has(name); i++) {
      name = `${wish}_${i}`;
      suffixes.set(wish, i + 1);
    }
    names.add(name);
    return name;
  };
  const initializer = (
    wish: string,
    dataType: number,
    dims: readonly number[],
    rawData: Uint8Array,
  ): string => {
    const name = unique(wish);
    initializers.push({ name, dataType, dims, rawData });
    return name;
  };

  const append = (
    opType: string,
    nodeInputs: readonly string[],
    output: readonly [string, ...string[]],
    attributes: NodeOptions['attributes'] = {},
  ): void => {
    const attribute = Object.entries(attributes).map(([key, value]) => toAttribute(key, value));
    nodes.push({ opType, name: output[0], input: nodeInputs, output, attribute });
  };

  const graph: OnnxGraph = {
    input(wish, dimensions) {
      const name = unique(wish);
      inputs.push(valueInfo(name, dimensions));
      return name;
    },
    reserve: (name) => {
      names.add(name);
    },
    output(value, name, dimensions) {
      append('Identity', [value], [name]);
      outputs.push(valueInfo(name, dimensions));
    },
    constant: (name, values, dimensions) => initializer(name, DATA_TYPE.float32, dimensions, bytesOf(values)),
    scalar(value) {
      const known = scalars.get(value);
      if (known !== undefined) return known;
      const name = graph.constant(`scalar_${value}`, Float32Array.of(value), []);
      scalars.set(value, name);
      return name;
    },
    integers: (name, values) =>
      initializer(name, DATA_TYPE.int64, [values.length], bytesOf(BigInt64Array.from(values, BigInt))),
    node(opType, nodeInputs, { name: wish, attributes }) {
      const name = unique(wish);
      append(opType, nodeInputs, [name], attributes);
      return name;
    },
    nodeOfTwo(opType, nodeInputs, { name: wish, attributes }) {
      const names = [unique(wish), unique(wish)] as const;
      append(opType, nodeInputs, names, attributes);
      return names;
    },
    encode() {
      const { node, used } = liveNodes(nodes, new Set(outputs.map(({ name }) => name)));
      const initializer = initializers.filter(({ name }) => used.has(name));
      return encodeModel({
        irVersion: IR_VERSION,
        producerName: 'fovea',
        opsetImport: [{ domain: '', version: OPSET_VERSION }],
        graph: { name: graphName, node, initializer, input: inputs, output: outputs },
      });
    },
  };
  return graph;
}

/** The nodes that the outputs need, in order, and the names of all values that they read or are. */
function liveNodes(nodes: readonly NodeProto[], outputs: ReadonlySet<string>) {
  const used = new Set(outputs);
  const live = nodes.toReversed().filter(({ input, output }) => {
    const isLive = output.some((name) => used.has(name));
    if (isLive) for (const name of input) used.add(name);
    return isLive;
  });
  return { node: live.toReversed(), used };
}

// Reads nodes, small constants and metadata of an imported model, to find out what the graph says of its beginning and end. Changes
// nothing, and knows no operators.

import protobuf from 'protobufjs/light.js';
import { many, one } from '../../protobuf-fields.ts';
import { type PackedModel, readingAsOnnx } from './packed-model.ts';

/** An attribute of a node; each has one of these. */
export interface ReadAttribute {
  readonly name: string;
  readonly i: number;
  readonly ints: readonly number[];
  readonly strings: readonly Uint8Array[];
  readonly t: ReadTensor | null;
}

/** A node as the graph has it. Names of absent optional inputs are empty. */
export interface ReadNode {
  readonly opType: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly ReadAttribute[];
}

interface ReadTensor {
  readonly name: string;
  readonly dataType: number;
  readonly dims: readonly number[];
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly number[];
  readonly rawData: Uint8Array;
}

// Field numbers: onnx/onnx.proto.
const ROOT = protobuf.Root.fromJSON({
  nested: {
    Node: {
      fields: {
        input: many('string', 1),
        output: many('string', 2),
        opType: one('string', 4),
        attribute: many('Attribute', 5),
        domain: one('string', 7),
      },
    },
    Attribute: {
      fields: {
        name: one('string', 1),
        i: one('int64', 3),
        t: one('Tensor', 5),
        ints: many('int64', 8),
        strings: many('bytes', 9),
      },
    },
    Tensor: {
      fields: {
        dims: many('int64', 1),
        dataType: one('int32', 2),
        floatData: many('float', 4),
        int32Data: many('int32', 5),
        int64Data: many('int64', 7),
        name: one('string', 8),
        rawData: one('bytes', 9),
      },
    },
    Metadata: { fields: { entries: many('Entry', 14) } },
    Entry: { fields: { key: one('string', 1), value: one('string', 2) } },
  },
});
const NODE = ROOT.lookupType('Node');
const TENSOR = ROOT.lookupType('Tensor');
const METADATA = ROOT.lookupType('Metadata');

/** Nodes of ONNX's own operators name no domain, or this one. */
const OWN_DOMAINS: readonly string[] = ['', 'ai.onnx'];
/** Constants of so many values are numbers of the arithmetic; larger ones are weights, and not decoded. */
const MOST_VALUES = 4096;
const FLOAT32 = 1;
const INT32 = 6;
const INT64 = 7;

const decode = <T>(type: protobuf.Type, bytes: Uint8Array) =>
  type.toObject(type.decode(bytes), { longs: Number, defaults: true, arrays: true }) as T;

/**
 * All nodes of a graph, in its order.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export const readNodes = ({ graph }: PackedModel): readonly ReadNode[] =>
  readingAsOnnx(() => graph.node.map((bytes) => decode<ReadNode>(NODE, bytes)));

/** Whether a node is one of ONNX's own operators of this name. */
export const isOperator = ({ opType, domain }: ReadNode, ...names: readonly string[]): boolean =>
  OWN_DOMAINS.includes(domain) && names.includes(opType);

/** An attribute of a node. */
export const attributeOf = ({ attribute }: ReadNode, name: string): ReadAttribute | undefined =>
  attribute.find((candidate) => candidate.name === name);

/** Shape and numbers of a constant. */
export interface ReadConstant {
  readonly dims: readonly number[];
  /** In row-major order; undefined for weights, other types, and values in another file. */
  readonly numbers: readonly number[] | undefined;
}

/**
 * Finds the constants of a graph by name: initializers, and nodes that give one value.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export function constantsOf(
  model: PackedModel,
  nodes: readonly ReadNode[],
): (name: string) => ReadConstant | undefined {
  const tensors = new Map<string, Uint8Array>();
  for (const bytes of model.graph.initializer)
    tensors.set(
      readingAsOnnx(() => decodeName(bytes)),
      bytes,
    );
  return (name) => {
    const bytes = tensors.get(name);
    if (bytes !== undefined) return toConstant(readingAsOnnx(() => decode<ReadTensor>(TENSOR, bytes)));
    const node = nodes.find(
      (candidate) => isOperator(candidate, 'Constant') && candidate.output.includes(name),
    );
    const [attribute] = node?.attribute ?? [];
    if (attribute?.name === 'value_int') return { dims: [], numbers: [attribute.i] };
    if (attribute?.name === 'value_ints')
      return { dims: [attribute.ints.length], numbers: [...attribute.ints] };
    return attribute?.t == null ? undefined : toConstant(attribute.t);
  };
}

const NAME_ONLY = protobuf.Root.fromJSON({
  nested: { Named: { fields: { name: one('string', 8) } } },
}).lookupType('Named');
const decodeName = (bytes: Uint8Array) => decode<{ name: string }>(NAME_ONLY, bytes).name;

function toConstant(tensor: ReadTensor): ReadConstant {
  const count = tensor.dims.reduce((product, size) => product * size, 1);
  return {
    dims: tensor.dims,
    numbers: count > 0 && count <= MOST_VALUES ? numbersOf(tensor, count) : undefined,
  };
}

function numbersOf(
  { dataType, rawData, floatData, int32Data, int64Data }: ReadTensor,
  count: number,
): readonly number[] | undefined {
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const raw = (sizeBytes: number, at: (offset: number) => number) =>
    Array.from({ length: Math.floor(rawData.byteLength / sizeBytes) }, (_, i) => at(i * sizeBytes));
  const values =
    dataType === FLOAT32
      ? [...floatData, ...raw(4, (offset) => view.getFloat32(offset, true))]
      : dataType === INT64
        ? [...int64Data, ...raw(8, (offset) => Number(view.getBigInt64(offset, true)))]
        : dataType === INT32
          ? [...int32Data, ...raw(4, (offset) => view.getInt32(offset, true))]
          : [];
  return values.length === count ? values : undefined;
}

/**
 * What an `.onnx` file says of itself beside its graph (`metadata_props`).
 * @throws {FoveaError} `backbone-unreadable`.
 */
export const readMetadata = (onnx: Uint8Array): ReadonlyMap<string, string> =>
  readingAsOnnx(
    () =>
      new Map(
        decode<{ entries: { key: string; value: string }[] }>(METADATA, onnx).entries.map(
          ({ key, value }) => [key, value] as const,
        ),
      ),
  );

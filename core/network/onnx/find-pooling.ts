// Finds out how a graph itself makes one vector of the tokens of a picture: whoever exported a whole vision transformer has left its
// pooling behind the tokens. Reads nodes and constants, and changes nothing.

import protobuf from 'protobufjs/light.js';
import { many, one } from '../../protobuf-fields.ts';
import { type PackedModel, readingAsOnnx } from './packed-model.ts';

/** How tokens `[batch, tokens, width]` become a vector: `cls` takes the first one, the class token; `mean` the mean of all. */
export const POOLINGS = ['cls', 'mean'] as const;
/** One of {@link POOLINGS}. */
export type Pooling = (typeof POOLINGS)[number];

/** Axis of the tokens, from either end. */
const TOKEN_AXES: readonly number[] = [1, -2];
/** Number of axes of tokens. */
const RANK = 3;

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
      fields: { name: one('string', 1), i: one('int64', 3), t: one('Tensor', 5), ints: many('int64', 8) },
    },
    Tensor: {
      fields: {
        dataType: one('int32', 2),
        int32Data: many('int32', 5),
        int64Data: many('int64', 7),
        name: one('string', 8),
        rawData: one('bytes', 9),
      },
    },
  },
});
const NODE = ROOT.lookupType('Node');
const TENSOR = ROOT.lookupType('Tensor');

interface Tensor {
  readonly dataType: number;
  readonly int32Data: readonly number[];
  readonly int64Data: readonly number[];
  readonly name: string;
  readonly rawData: Uint8Array;
}
interface Node {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly {
    readonly name: string;
    readonly i: number;
    readonly t: Tensor | null;
    readonly ints: readonly number[];
  }[];
}
type Integers = readonly number[] | undefined;

const decode = <T>(type: protobuf.Type, bytes: Uint8Array) =>
  type.toObject(type.decode(bytes), { longs: Number, defaults: true, arrays: true }) as T;

/**
 * How the graph pools a value of tokens, by the nodes that read it: those that take the first token, and those that take the mean
 * over the tokens.
 * @param model The whole model, with what comes after the value.
 * @returns `undefined` where no node pools the value; `'unclear'` where nodes do so in several ways, or in another one.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export function findPooling(model: PackedModel, value: string): Pooling | 'unclear' | undefined {
  return readingAsOnnx(() => {
    const nodes = model.graph.node.map((bytes) => decode<Node>(NODE, bytes));
    const constantOf = (name: string): Integers => {
      for (const bytes of model.graph.initializer) {
        const tensor = decode<Tensor>(TENSOR, bytes);
        if (tensor.name === name) return integersOf(tensor);
      }
      const node = nodes.find(({ opType, output }) => opType === 'Constant' && output.includes(name));
      const [attribute] = node?.attribute ?? [];
      if (attribute?.name === 'value_int') return [attribute.i];
      if (attribute?.name === 'value_ints') return attribute.ints;
      return attribute?.t == null ? undefined : integersOf(attribute.t);
    };
    const found = new Set(
      nodes
        .filter(({ input, domain }) => input[0] === value && (domain === '' || domain === 'ai.onnx'))
        .map((node) => poolingOf(node, constantOf))
        .filter((pooling) => pooling !== undefined),
    );
    const [first] = found;
    return found.size > 1 ? 'unclear' : first;
  });
}

/** Integers of an encoded constant; undefined where it has others, or none inside. */
function integersOf({ dataType, rawData, int32Data, int64Data }: Tensor): Integers {
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const INT32 = 6;
  const INT64 = 7;
  const read = (sizeBytes: number, at: (offset: number) => number) =>
    Array.from({ length: Math.floor(rawData.byteLength / sizeBytes) }, (_, i) => at(i * sizeBytes));
  const values =
    dataType === INT64
      ? [...int64Data, ...read(8, (offset) => Number(view.getBigInt64(offset, true)))]
      : dataType === INT32
        ? [...int32Data, ...read(4, (offset) => view.getInt32(offset, true))]
        : [];
  return values.length === 0 ? undefined : values;
}

/** How a node pools its first input; undefined where it leaves the tokens together. */
function poolingOf(node: Node, constantOf: (name: string) => Integers): Pooling | 'unclear' | undefined {
  const attribute = (name: string) => node.attribute.find((candidate) => candidate.name === name);
  /** The values of an attribute, or in newer opsets of an input. */
  const integers = (name: string, input: number): Integers => {
    const ints = attribute(name)?.ints ?? [];
    return ints.length > 0 ? ints : constantOf(node.input[input] ?? '');
  };
  switch (node.opType) {
    case 'Gather': {
      if (!TOKEN_AXES.includes(attribute('axis')?.i ?? 0)) return undefined;
      const indices = constantOf(node.input[1] ?? '');
      return indices?.length === 1 && indices[0] === 0 ? 'cls' : 'unclear';
    }
    case 'Slice': {
      const starts = integers('starts', 1);
      const ends = integers('ends', 2);
      const axes = integers('axes', 3) ?? starts?.map((_, axis) => axis);
      if (starts === undefined || ends === undefined || axes === undefined) return 'unclear';
      const place = axes.findIndex((axis) => TOKEN_AXES.includes(axis));
      const [start, end] = [starts[place], ends[place]];
      if (place < 0 || (start === 0 && end !== undefined && end >= 2 ** 31 - 1)) return undefined;
      return start === 0 && end === 1 ? 'cls' : 'unclear';
    }
    case 'ReduceMean': {
      const axes = integers('axes', 1);
      if (axes?.length === 1 && TOKEN_AXES.includes(axes[0] as number)) return 'mean';
      return axes?.length === 1 && [RANK - 1, -1].includes(axes[0] as number) ? undefined : 'unclear';
    }
    default:
      return undefined;
  }
}

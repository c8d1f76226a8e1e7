// The protobuf messages of ONNX, as far as this project writes them. Field numbers and enumerations: onnx/onnx.proto of ONNX 1.12,
// which goes with opset 17. Knows no networks.

import protobuf from 'protobufjs/light.js';
import { many, one } from '../../protobuf-fields.ts';

/** Numbers of element types, as in `TensorProto.DataType`. */
export const DATA_TYPE = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 } as const;

/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** An attribute of a node. A number is an integer, as most attributes are, unless it is `{ float }`. */
export type AttributeValue = number | readonly number[] | string | { readonly float: number };

interface AttributeProto {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly ints?: readonly number[];
}

/** One operation of a graph: it reads and writes values by name. */
export interface NodeProto {
  readonly opType: string;
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeProto[];
}

/** A constant of a graph. */
export interface TensorProto {
  readonly name: string;
  readonly dataType: number;
  readonly dims: readonly number[];
  /** Little-endian values in row-major order. */
  readonly rawData: Uint8Array;
}

/** Name, element type and shape of an input or output. */
export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      /** Absent where the shape is not known. */
      readonly shape?: {
        readonly dim: readonly ({ readonly dimValue: number } | { readonly dimParam: string })[];
      };
    };
  };
}

/** A whole `.onnx` file. */
export interface ModelProto {
  readonly irVersion: number;
  readonly producerName: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly NodeProto[];
    readonly initializer: readonly TensorProto[];
    readonly input: readonly ValueInfoProto[];
    readonly output: readonly ValueInfoProto[];
  };
  /** What the file says of itself beside its graph. */
  readonly metadataProps?: readonly MetadataEntry[];
}

/** One text of a file's metadata, by its name. */
export interface MetadataEntry {
  readonly key: string;
  readonly value: string;
}

const ROOT = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: one('int64', 1),
        producerName: one('string', 2),
        graph: one('GraphProto', 7),
        opsetImport: many('OperatorSetIdProto', 8),
        metadataProps: many('StringStringEntryProto', 14),
      },
    },
    StringStringEntryProto: { fields: { key: one('string', 1), value: one('string', 2) } },
    OperatorSetIdProto: { fields: { domain: one('string', 1), version: one('int64', 2) } },
    GraphProto: {
      fields: {
        node: many('NodeProto', 1),
        name: one('string', 2),
        initializer: many('TensorProto', 5),
        input: many('ValueInfoProto', 11),
        output: many('ValueInfoProto', 12),
      },
    },
    NodeProto: {
      fields: {
        input: many('string', 1),
        output: many('string', 2),
        name: one('string', 3),
        opType: one('string', 4),
        attribute: many('AttributeProto', 5),
      },
    },
    AttributeProto: {
      fields: {
        name: one('string', 1),
        f: one('float', 2),
        i: one('int64', 3),
        s: one('bytes', 4),
        ints: many('int64', 8),
        type: one('int32', 20),
      },
    },
    TensorProto: {
      fields: {
        dims: many('int64', 1),
        dataType: one('int32', 2),
        name: one('string', 8),
        rawData: one('bytes', 9),
      },
    },
    ValueInfoProto: { fields: { name: one('string', 1), type: one('TypeProto', 2) } },
    TypeProto: { fields: { tensorType: one('Tensor', 1) }, nested: { Tensor: tensorType() } },
    TensorShapeProto: {
      fields: { dim: many('Dimension', 1) },
      nested: { Dimension: { fields: { dimValue: one('int64', 1), dimParam: one('string', 2) } } },
    },
  },
});

function tensorType() {
  return { fields: { elemType: one('int32', 1), shape: one('TensorShapeProto', 2) } };
}

const MODEL = ROOT.lookupType('ModelProto');

/** Encodes a model as the bytes of an `.onnx` file. The values of tensors are copied once. */
export const encodeModel = (model: ModelProto): Uint8Array => MODEL.encode(model as object).finish();

/** Decodes what {@link encodeModel} wrote. Encoding it again gives the same model. */
export const decodeModel = (bytes: Uint8Array): ModelProto =>
  MODEL.toObject(MODEL.decode(bytes), { longs: Number, defaults: true, arrays: true }) as ModelProto;

/**
 * Adds metadata to an `.onnx` file, also to one that has more than this schema knows: of a message's repeated field, what comes later in the
 * bytes is added to what came before. The file is copied once.
 */
export const withMetadata = (onnx: Uint8Array, entries: readonly MetadataEntry[]): Uint8Array =>
  Buffer.concat([onnx, MODEL.encode({ metadataProps: entries }).finish()]);

const NODE = ROOT.lookupType('NodeProto');
const TENSOR = ROOT.lookupType('TensorProto');
const VALUE_INFO = ROOT.lookupType('ValueInfoProto');

/** Encodes one node, for models whose nodes stay encoded (packed-model.ts). */
export const encodeNode = (node: NodeProto): Uint8Array => NODE.encode(node as object).finish();
/** Encodes one constant, for models whose constants stay encoded (packed-model.ts). */
export const encodeTensor = (
  tensor: Omit<TensorProto, 'rawData'> & Partial<Pick<TensorProto, 'rawData'>>,
): Uint8Array => TENSOR.encode(tensor as object).finish();
/** Encodes an input or output. ONNX Runtime infers the type of an output that tells none. */
export const encodeValueInfo = (value: Partial<ValueInfoProto>): Uint8Array =>
  VALUE_INFO.encode(value as object).finish();

/**
 * What an input or output of a model says of itself. A size is undefined where it is open: a name, absent, or no
 * positive number.
 */
export interface ValueInfo {
  readonly name: string;
  /** A number of `TensorProto.DataType`; 0 where the value is no tensor. */
  readonly dataType: number;
  readonly dimensions: readonly (number | undefined)[];
}

/** Decodes an input or output. */
export function decodeValueInfo(bytes: Uint8Array): ValueInfo {
  const { name, type } = VALUE_INFO.toObject(VALUE_INFO.decode(bytes), {
    longs: Number,
    defaults: true,
    arrays: true,
  }) as { name: string; type: Partial<ValueInfoProto['type']> | null };
  const { elemType = 0, shape } = type?.tensorType ?? {};
  return {
    name,
    dataType: elemType,
    dimensions: (shape?.dim ?? []).map((dim) =>
      'dimValue' in dim && dim.dimValue > 0 ? dim.dimValue : undefined,
    ),
  };
}

/** Makes the attribute message of a node. */
export function toAttribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === 'string')
    return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: value };
}

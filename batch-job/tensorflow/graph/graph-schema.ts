// The protobuf messages of TensorFlow graphs, as far as they are written here. Field numbers and enumerations: graph.proto,
// node_def.proto, attr_value.proto, tensor.proto and saved_model.proto of TensorFlow 2. Knows no programs.

import protobuf from 'protobufjs/light.js';
import { many, one } from '../../../core/protobuf-fields.ts';

/** The sizes of a value's axes (`tensor_shape.proto`). */
export interface TensorShapeProto {
  /** -1 where the size is open. */
  readonly dim: readonly { readonly size: number }[];
}

/** The value of an attribute (`attr_value.proto`): exactly one of the members. */
export interface AttrValue {
  readonly list?: {
    readonly i?: readonly number[];
    readonly s?: readonly Uint8Array[];
    readonly type?: readonly number[];
  };
  readonly s?: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  readonly type?: number;
  readonly shape?: TensorShapeProto;
  readonly tensor?: {
    readonly dtype: number;
    readonly tensorShape: TensorShapeProto;
    /** Little-endian values in row-major order. */
    readonly tensorContent: Uint8Array;
  };
}

/** One node of a graph (`node_def.proto`). */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `<node>` or `<node>:<output>`, and `^<node>` for what must only have run before. */
  readonly input: readonly string[];
  /** E.g. `/device:GPU:0`; where it is omitted TensorFlow chooses. */
  readonly device?: string;
  readonly attr: readonly { readonly key: string; readonly value: AttrValue }[];
}

/** `GraphDef.versions.producer` of TensorFlow 2.9, which 2.21 still reads as its own. */
const PRODUCER_VERSION = 1087;

const SAVED_MODEL_SCHEMA_VERSION = 1;

const ROOT = protobuf.Root.fromJSON({
  nested: {
    SavedModel: { fields: { savedModelSchemaVersion: one('int64', 1), metaGraphs: many('MetaGraphDef', 2) } },
    MetaGraphDef: { fields: { metaInfoDef: one('MetaInfoDef', 1), graphDef: one('GraphDef', 2) } },
    MetaInfoDef: { fields: { tags: many('string', 4) } },
    GraphDef: { fields: { node: many('NodeDef', 1), versions: one('VersionDef', 4) } },
    VersionDef: { fields: { producer: one('int32', 1) } },
    NodeDef: {
      fields: {
        name: one('string', 1),
        op: one('string', 2),
        input: many('string', 3),
        device: one('string', 4),
        attr: many('AttrEntry', 5),
      },
    },
    // A map is repeated pairs on the wire.
    AttrEntry: { fields: { key: one('string', 1), value: one('AttrValue', 2) } },
    AttrValue: {
      // As one of several, a 0 or false is written too.
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: one('ListValue', 1),
        s: one('bytes', 2),
        i: one('int64', 3),
        f: one('float', 4),
        b: one('bool', 5),
        type: one('int32', 6),
        shape: one('TensorShapeProto', 7),
        tensor: one('TensorProto', 8),
      },
    },
    ListValue: { fields: { s: many('bytes', 2), i: many('int64', 3), type: many('int32', 6) } },
    TensorShapeProto: { fields: { dim: many('Dim', 2) } },
    Dim: { fields: { size: one('int64', 1) } },
    TensorProto: {
      fields: {
        dtype: one('int32', 1),
        tensorShape: one('TensorShapeProto', 2),
        tensorContent: one('bytes', 4),
      },
    },
  },
});

/** The tag of the one graph in a SavedModel. */
export const SAVED_MODEL_TAG = 'train';

/** The bytes of a SavedModel with one graph and no signatures: its nodes are fed and fetched by name. */
export function encodeSavedModel(nodes: readonly NodeDef[]): Uint8Array {
  const type = ROOT.lookupType('SavedModel');
  const model = {
    savedModelSchemaVersion: SAVED_MODEL_SCHEMA_VERSION,
    metaGraphs: [
      {
        metaInfoDef: { tags: [SAVED_MODEL_TAG] },
        graphDef: { node: nodes, versions: { producer: PRODUCER_VERSION } },
      },
    ],
  };
  return type.encode(type.fromObject(model)).finish();
}

// An imported ONNX model, decoded no further than is needed to change its beginning and end: nodes and constants stay the bytes
// that they came as, so that nothing is lost that onnx-schema.ts does not know.

import protobuf from 'protobufjs/light.js';
import { FoveaError } from '../../errors/errors.ts';
import { many, one } from '../../protobuf-fields.ts';

/** Encoded messages, each with the bytes that it has in the file. */
type Packed = readonly Uint8Array[];

/** An ONNX model whose nodes, constants, inputs and outputs are encoded messages. */
export interface PackedModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly functions: Packed;
  readonly graph: {
    readonly name: string;
    readonly node: Packed;
    readonly initializer: Packed;
    readonly sparseInitializer: Packed;
    readonly input: Packed;
    readonly output: Packed;
  };
}

/** Names of the values that a node connects. Optional ones that it does not have, whose name is empty, are not among them. */
export interface NodeLinks {
  /** Values that the node or one of its subgraphs reads. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

// Field numbers: onnx/onnx.proto. Training information, documentation and metadata are dropped.
const ROOT = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: one('int64', 1),
        producerName: one('string', 2),
        graph: one('Graph', 7),
        opsetImport: many('Opset', 8),
        functions: many('bytes', 25),
      },
    },
    Opset: { fields: { domain: one('string', 1), version: one('int64', 2) } },
    Graph: {
      fields: {
        node: many('bytes', 1),
        name: one('string', 2),
        initializer: many('bytes', 5),
        input: many('bytes', 11),
        output: many('bytes', 12),
        sparseInitializer: many('bytes', 15),
      },
    },
    Node: {
      fields: { input: many('string', 1), output: many('string', 2), attribute: many('Attribute', 5) },
    },
    Attribute: { fields: { g: one('Subgraph', 6), graphs: many('Subgraph', 11) } },
    Subgraph: { fields: { node: many('Node', 1), output: many('Value', 12) } },
    Value: { fields: { name: one('string', 1) } },
    Initializer: { fields: { name: one('string', 8) } },
    SparseInitializer: { fields: { values: one('Initializer', 1) } },
  },
});
const MODEL = ROOT.lookupType('Model');
const NODE = ROOT.lookupType('Node');
const INITIALIZER = ROOT.lookupType('Initializer');
const SPARSE_INITIALIZER = ROOT.lookupType('SparseInitializer');
const OPTIONS = { longs: Number, defaults: true, arrays: true } as const;

/** Encodes the model as an `.onnx` file. */
export const encodePacked = (model: PackedModel): Uint8Array => MODEL.encode(model as object).finish();

/**
 * Decodes an `.onnx` file.
 * @throws {FoveaError} `backbone-unreadable` where the bytes are no ONNX model.
 */
export function decodePacked(bytes: Uint8Array): PackedModel {
  return readingAsOnnx(() => {
    const model = MODEL.toObject(MODEL.decode(bytes), OPTIONS) as Omit<PackedModel, 'graph'> & {
      readonly graph: PackedModel['graph'] | null;
    };
    // Protobuf decodes many bytes that are no ONNX model as a message with unknown fields.
    if (model.graph === null || model.graph.node.length === 0) throw unreadable('it has no graph');
    return { ...model, graph: model.graph };
  });
}

interface Node {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly { readonly g: Subgraph | null; readonly graphs: readonly Subgraph[] }[];
}
interface Subgraph {
  readonly node: readonly Node[];
  readonly output: readonly { readonly name: string }[];
}

const readsOf = ({ input, attribute }: Node): string[] => [
  ...input,
  ...attribute
    .flatMap(({ g, graphs }) => (g === null ? graphs : [g, ...graphs]))
    .flatMap(({ node, output }) => [...node.flatMap(readsOf), ...output.map(({ name }) => name)]),
];

const isNamed = (value: string) => value !== '';

/**
 * Names of the values that an encoded node reads and writes.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export const linksOf = (bytes: Uint8Array): NodeLinks =>
  readingAsOnnx(() => {
    const node = NODE.toObject(NODE.decode(bytes), OPTIONS) as Node;
    return { reads: readsOf(node).filter(isNamed), writes: node.output.filter(isNamed) };
  });

/**
 * Name of an encoded constant.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export const nameOfInitializer = (bytes: Uint8Array): string =>
  readingAsOnnx(() => (INITIALIZER.toObject(INITIALIZER.decode(bytes), OPTIONS) as { name: string }).name);

/**
 * Name of an encoded sparse constant, which is that of its values.
 * @throws {FoveaError} `backbone-unreadable`, also where it has no values.
 */
export const nameOfSparseInitializer = (bytes: Uint8Array): string =>
  readingAsOnnx(() => {
    const { values } = SPARSE_INITIALIZER.toObject(SPARSE_INITIALIZER.decode(bytes), OPTIONS) as {
      values: { name: string } | null;
    };
    if (values === null) throw unreadable('a sparse constant in it has no values');
    return values.name;
  });

/**
 * Runs `read`, and turns what protobufjs throws for other bytes into an error of the project.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export function readingAsOnnx<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FoveaError) throw error;
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  }
}

const unreadable = (problem: string, cause?: unknown) =>
  new FoveaError(
    'backbone-unreadable',
    `The file cannot be read as an ONNX model: ${problem}. Give the .onnx file that the export wrote, whole.`,
    { param: 'file', cause },
  );

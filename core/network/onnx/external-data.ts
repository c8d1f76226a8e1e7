// Finds and replaces the tensors of a model whose values are in other files: an imported model must not make the runtime read files
// of this machine. Looks at every occurrence of every field, because parsers differ in how they read a field that occurs twice.
// Knows no files.

import protobuf from 'protobufjs/light.js';
import { type PackedModel, readingAsOnnx } from './packed-model.ts';

/** Messages that may hold tensors, by the number of the field: onnx/onnx.proto. */
const NESTED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Model: { 7: 'Graph', 20: 'TrainingInfo', 25: 'Function' },
  TrainingInfo: { 1: 'Graph', 2: 'Graph' },
  Graph: { 1: 'Node', 5: 'Tensor', 15: 'SparseTensor' },
  Function: { 7: 'Node', 11: 'Attribute' },
  Node: { 5: 'Attribute' },
  Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'SparseTensor', 23: 'SparseTensor' },
  SparseTensor: { 1: 'Tensor', 2: 'Tensor' },
};
/** `TensorProto.external_data`, and `data_location`, of which 0 says that the values are in the tensor. */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
/** Wire types of protobuf: of messages, strings and bytes, and of integers. */
const LENGTH_DELIMITED = 2;
const VARINT = 0;
/** How deep subgraphs may be nested. */
const MAX_DEPTH = 64;

/** What takes the place of an encoded tensor with a sign of external data; the same bytes change nothing. */
type Replace = (tensor: Uint8Array) => Uint8Array;

/**
 * Whether any tensor of a model has its values in another file.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export function hasExternalData(onnx: Uint8Array): boolean {
  let isFound = false;
  readingAsOnnx(() =>
    rewrite(onnx, 'Model', 0, (tensor) => {
      isFound = true;
      return tensor;
    }),
  );
  return isFound;
}

/**
 * The encoded tensors whose values are in other files: constants of the graph, of its nodes, subgraphs and functions.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export function externalTensorsOf(model: PackedModel): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  rewriteModel(model, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
}

/**
 * The model with other tensors in place of those of {@link externalTensorsOf}. All other bytes stay as they are.
 * @param replacements Encoded tensors, in the same order.
 */
export function replaceExternalTensors(model: PackedModel, replacements: readonly Uint8Array[]): PackedModel {
  let next = 0;
  return rewriteModel(model, (tensor) => replacements[next++] ?? tensor);
}

function rewriteModel(model: PackedModel, replace: Replace): PackedModel {
  const { graph } = model;
  const each = (messages: readonly Uint8Array[], type: string) =>
    messages.map((bytes) => rewrite(bytes, type, 1, replace));
  return readingAsOnnx(() => ({
    ...model,
    functions: each(model.functions, 'Function'),
    graph: {
      ...graph,
      node: each(graph.node, 'Node'),
      initializer: each(graph.initializer, 'Tensor'),
      sparseInitializer: each(graph.sparseInitializer, 'SparseTensor'),
    },
  }));
}

function rewrite(bytes: Uint8Array, message: string, depth: number, replace: Replace): Uint8Array {
  if (depth > MAX_DEPTH) throw new RangeError('its subgraphs are nested too deeply');
  if (message === 'Tensor') return isExternal(bytes) ? replace(bytes) : bytes;
  const reader = protobuf.Reader.create(bytes);
  const chunks: Uint8Array[] = [];
  let copied = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const nested = NESTED[message]?.[tag >>> 3];
    if (nested === undefined || (tag & 7) !== LENGTH_DELIMITED) {
      reader.skipType(tag & 7);
      continue;
    }
    const start = reader.pos;
    const inner = reader.bytes();
    const changed = rewrite(inner, nested, depth + 1, replace);
    if (changed === inner) continue;
    const length = protobuf.Writer.create().uint32(changed.length).finish();
    chunks.push(bytes.subarray(copied, start), length, changed);
    copied = reader.pos;
  }
  return copied === 0 ? bytes : Buffer.concat([...chunks, bytes.subarray(copied)]);
}

function isExternal(tensor: Uint8Array): boolean {
  const reader = protobuf.Reader.create(tensor);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    const wireType = tag & 7;
    if (field === EXTERNAL_DATA) return true;
    if (field !== DATA_LOCATION || wireType !== VARINT) reader.skipType(wireType);
    else if (reader.uint32() !== 0) return true;
  }
  return false;
}

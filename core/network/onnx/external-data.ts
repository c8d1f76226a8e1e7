// Finds out whether a model has values in other files: an imported model must not make the runtime read files of this machine. Looks
// at every occurrence of every field, because parsers differ in how they read a field that occurs twice.

import protobuf from 'protobufjs/light.js';
import { readingAsOnnx } from './packed-model.ts';

/** Messages that may hold tensors, by the number of the field: onnx/onnx.proto. */
const NESTED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Model: { 7: 'Graph', 20: 'TrainingInfo', 25: 'Function' },
  TrainingInfo: { 1: 'Graph', 2: 'Graph' },
  Graph: { 1: 'Node', 5: 'Tensor', 15: 'SparseTensor' },
  Function: { 7: 'Node', 11: 'Attribute' },
  Node: { 5: 'Attribute' },
  Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'SparseTensor', 23: 'SparseTensor' },
  SparseTensor: { 1: 'Tensor', 2: 'Tensor' },
  Tensor: {},
};
/** `TensorProto.external_data`, and `data_location`, of which 0 says that the values are in the tensor. */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
/** Wire types of protobuf: of messages, strings and bytes, and of integers. */
const LENGTH_DELIMITED = 2;
const VARINT = 0;
/** How deep subgraphs may be nested. */
const MAX_DEPTH = 64;

/**
 * Whether any tensor of a model has its values in another file.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export const hasExternalData = (onnx: Uint8Array): boolean => readingAsOnnx(() => search(onnx, 'Model', 0));

function search(bytes: Uint8Array, message: string, depth: number): boolean {
  if (depth > MAX_DEPTH) throw new RangeError('its subgraphs are nested too deeply');
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    const wireType = tag & 7;
    const nested = NESTED[message]?.[field];
    if (message === 'Tensor' && field === EXTERNAL_DATA) return true;
    if (message === 'Tensor' && field === DATA_LOCATION && wireType === VARINT) {
      if (reader.uint32() !== 0) return true;
    } else if (nested !== undefined && wireType === LENGTH_DELIMITED) {
      if (search(reader.bytes(), nested, depth + 1)) return true;
    } else reader.skipType(wireType);
  }
  return false;
}

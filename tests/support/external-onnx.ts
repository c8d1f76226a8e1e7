// ONNX files whose weights lie in other files, as exporters write them since PyTorch 2.9, and whatever may be wrong with one.

import protobuf from 'protobufjs/light.js';
import {
  DATA_TYPE,
  decodeModel,
  encodeTensor,
  type TensorProto,
} from '../../core/network/onnx/onnx-schema.ts';
import { decodePacked, encodePacked } from '../../core/network/onnx/packed-model.ts';

/** What a tensor says of its file; a list where it says something twice. */
export type Entries = readonly (readonly [key: string, value: string])[];

/** `data_location` of a tensor whose values are elsewhere. */
const EXTERNAL = 1;

/** Encodes a tensor without values: they are where the entries say. */
export function encodeExternal(
  { name, dims, dataType = DATA_TYPE.float32 }: Pick<TensorProto, 'name' | 'dims'> & { dataType?: number },
  entries: Entries,
  dataLocations: readonly number[] = [EXTERNAL],
): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [key, value] of entries)
    writer
      .uint32((13 << 3) | 2)
      .fork()
      .uint32(10)
      .string(key)
      .uint32(18)
      .string(value)
      .ldelim();
  for (const location of dataLocations) writer.uint32(14 << 3).int32(location);
  return Buffer.concat([encodeTensor({ name, dims, dataType }), writer.finish()]);
}

/** The model without the values of its constants, and the file that has them one after another. */
export function moveWeightsOut(onnx: Uint8Array, location: string) {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  const initializer = decodeModel(onnx).graph.initializer.map((tensor) => {
    const { length } = tensor.rawData;
    chunks.push(tensor.rawData);
    const entries = { location, offset: String(offset), length: String(length) };
    offset += length;
    return encodeExternal(tensor, Object.entries(entries));
  });
  return { onnx: withInitializers(onnx, initializer), weights: Buffer.concat(chunks) };
}

/** The model with other constants, encoded. */
export function withInitializers(onnx: Uint8Array, initializer: readonly Uint8Array[]): Uint8Array {
  const model = decodePacked(onnx);
  return encodePacked({ ...model, graph: { ...model.graph, initializer } });
}

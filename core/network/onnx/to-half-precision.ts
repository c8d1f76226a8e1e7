// Stores the weights of an ONNX model in half precision: half the file, the same arithmetic. Knows no networks.

import { MAX_HALF, toHalfBits } from '../../float16.ts';
import {
  DATA_TYPE,
  decodeModel,
  encodeModel,
  type NodeProto,
  type TensorProto,
  toAttribute,
} from './onnx-schema.ts';
import { floatsOf } from './tensor-values.ts';

/** Smaller constants stay: a Cast node takes about as many bytes as it saves. */
const MIN_VALUES = 64;

/**
 * Replaces every larger float32 constant by a float16 one and a Cast to float32, which ONNX Runtime computes once,
 * when it loads the model. Constants that float16 cannot hold stay as they are.
 * @param onnx A model that toOnnx made.
 */
export function toHalfPrecision(onnx: Uint8Array): Uint8Array {
  const model = decodeModel(onnx);
  const casts: NodeProto[] = [];
  const initializer = model.graph.initializer.map((tensor): TensorProto => {
    if (tensor.dataType !== DATA_TYPE.float32) return tensor;
    const values = floatsOf(tensor);
    if (values.length < MIN_VALUES || values.some((value) => Math.abs(value) > MAX_HALF)) return tensor;
    const name = `${tensor.name}/float16`;
    casts.push({
      opType: 'Cast',
      name: `${tensor.name}/cast`,
      input: [name],
      output: [tensor.name],
      attribute: [toAttribute('to', DATA_TYPE.float32)],
    });
    const halves = Uint16Array.from(values, toHalfBits);
    return { ...tensor, name, dataType: DATA_TYPE.float16, rawData: new Uint8Array(halves.buffer) };
  });
  return encodeModel({
    ...model,
    graph: { ...model.graph, initializer, node: [...casts, ...model.graph.node] },
  });
}

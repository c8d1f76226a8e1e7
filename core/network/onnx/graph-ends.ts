// Nodes, values and names for what is added before or behind the graph of an imported model.

import {
  type AttributeValue,
  DATA_TYPE,
  encodeNode,
  toAttribute,
  type ValueInfoProto,
} from './onnx-schema.ts';

/** A name that no value of a model has: the wished one, or that with a number. */
export function freeName(onnx: Uint8Array, wish: string): string {
  // Names stand in the file as they are, also those inside of subgraphs and functions.
  const bytes = Buffer.from(onnx.buffer, onnx.byteOffset, onnx.byteLength);
  let name = wish;
  for (let i = 1; bytes.includes(name); i++) name = `${wish}_${i}`;
  return name;
}

/** Encodes a node with one output, after which it is named. */
export const node = (
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Uint8Array =>
  encodeNode({
    opType,
    name: output,
    input,
    output: [output],
    attribute: Object.entries(attributes).map(([key, value]) => toAttribute(key, value)),
  });

/** A float32 value whose first axis is the batch. */
export const floats = (name: string, sizes: readonly number[]): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: DATA_TYPE.float32,
      shape: { dim: [{ dimParam: 'batch' }, ...sizes.map((dimValue) => ({ dimValue }))] },
    },
  },
});

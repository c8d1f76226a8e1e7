// How values are fed to a graph whose ops run on a device of its own. The addon copies every tensor to the device but those of
// int32, and copies it back before a graph is fed with it. So all values are fed as if they were int32, and take their type
// on the host, without a copy.

import type { InputData } from '../executor/input-data.ts';
import { elementCount, type InputType, type Shape } from '../program/program.ts';
import { type AddNode, addConstant, HOST, toAttr } from './graph-nodes.ts';

const INT_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** How many int32 hold a sample of pixels; undefined where they do not fill them. */
function intsOfPixels([, ...sample]: Shape): number | undefined {
  const bytes = elementCount(sample.map((n) => n ?? Number.NaN));
  return Number.isInteger(bytes / INT_BYTES) ? bytes / INT_BYTES : undefined;
}

/** Adds the placeholder of an input. @returns The node with its values. */
export type AddFeed = (add: AddNode, name: string, type: InputType, shape: Shape) => string;

/** Feeds for a processor: values as they are. */
export const addPlainFeed: AddFeed = (add, name, type, shape) =>
  add(name, 'Placeholder', [], { dtype: toAttr.type(type), shape: toAttr.shape(shape) });

/** Feeds for a device: values that {@link asInts} gives. */
export const addIntFeed: AddFeed = (add, name, type, shape) => {
  const ints = type === 'uint8' ? intsOfPixels(shape) : undefined;
  if (type === 'int32' || (type === 'uint8' && ints === undefined))
    return addPlainFeed(add, name, type, shape);
  const fed = ints === undefined ? shape : [shape[0] ?? null, ints];
  add(name, 'Placeholder', [], { dtype: toAttr.type('int32'), shape: toAttr.shape(fed) });
  const attributes = { T: toAttr.type('int32'), type: toAttr.type(type) };
  const values = add(`${name}/values`, 'Bitcast', [name], attributes, HOST);
  if (ints === undefined) return values;
  const sizes = Int32Array.from(shape, (n) => n ?? -1);
  const target = addConstant(add, `${name}/shape`, sizes, [sizes.length], HOST);
  const reshape = { T: toAttr.type(type), Tshape: toAttr.type('int32') };
  return add(`${name}/pixels`, 'Reshape', [values, target], reshape, HOST);
};

/** Values and their shape as {@link addIntFeed}'s placeholders take them. */
export function asInts(
  data: InputData,
  shape: readonly number[],
): { readonly data: InputData; readonly shape: readonly number[] } {
  if (data instanceof Int32Array) return { data, shape };
  const ints = data instanceof Uint8Array ? intsOfPixels(shape) : undefined;
  if (data instanceof Uint8Array && ints === undefined) return { data, shape };
  const aligned = data.byteOffset % INT_BYTES === 0 ? data : data.slice();
  return {
    data: new Int32Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / INT_BYTES),
    shape: ints === undefined ? shape : [shape[0] ?? 1, ints],
  };
}

// Nodes of a TensorFlow graph as they are written one after another. Knows no programs.

import { DATA_TYPE } from '../addon/tensors.ts';
import type { DataType, Shape } from '../program/program.ts';
import type { AttrValue, NodeDef } from './graph-schema.ts';

const encoder = new TextEncoder();

/** Adds a node and gives its name back. @param device see {@link NodeDef.device}. */
export type AddNode = (
  name: string,
  op: string,
  input: readonly string[],
  attr: Readonly<Record<string, AttrValue>>,
  device?: string,
) => string;

/** The processor's memory, as TensorFlow names its devices. */
export const HOST = '/device:CPU:0';

/** Values of attributes in short. */
export const toAttr = {
  type: (type: DataType): AttrValue => ({ type: DATA_TYPE[type] }),
  types: (...types: readonly DataType[]): AttrValue => ({
    list: { type: types.map((type) => DATA_TYPE[type]) },
  }),
  text: (text: string): AttrValue => ({ s: encoder.encode(text) }),
  shape: (shape: Shape): AttrValue => ({ shape: toShape(shape) }),
  /** Runs where another node runs. */
  besides: (node: string): AttrValue => ({ list: { s: [encoder.encode(`loc:@${node}`)] } }),
} as const;

/** A shape as TensorFlow has it. */
export const toShape = (shape: Shape) => ({ dim: shape.map((n) => ({ size: n ?? -1 })) });

/** A collector of nodes. */
export function createNodes(): { readonly nodes: readonly NodeDef[]; readonly add: AddNode } {
  const nodes: NodeDef[] = [];
  const add: AddNode = (name, op, input, attr, device) => {
    nodes.push({
      name,
      op,
      input,
      attr: Object.entries(attr).map(([key, value]) => ({ key, value })),
      ...(device === undefined ? {} : { device }),
    });
    return name;
  };
  return { nodes, add };
}

/** Adds a constant. */
export const addConstant = (
  add: AddNode,
  name: string,
  data: Float32Array | Int32Array,
  shape: readonly number[],
  device?: string,
): string => {
  const type = data instanceof Int32Array ? 'int32' : 'float32';
  const tensorContent = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const tensor = { dtype: DATA_TYPE[type], tensorShape: toShape(shape), tensorContent };
  return add(name, 'Const', [], { dtype: toAttr.type(type), value: { tensor } }, device);
};

/**
 * Adds something to fetch that makes other nodes run: assignments and the like have no output. It is of int32, which lies on the
 * host also where ops run on a device: to fetch it does not wait until the device has done what was queued.
 */
export const addFetch = (add: AddNode, name: string, after: readonly string[]): string => {
  const zero = { dtype: DATA_TYPE.int32, tensorShape: toShape([]), tensorContent: new Uint8Array(4) };
  return add(
    name,
    'Const',
    after.map((node) => `^${node}`),
    { dtype: toAttr.type('int32'), value: { tensor: zero } },
  );
};

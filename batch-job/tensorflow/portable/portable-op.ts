// What the implementation of one op on the portable back end is given. Shapes and constants are known when it runs.

import type { Attributes } from '../program/program.ts';
import type { KernelScope, WasmTensor } from './wasm-kernels.ts';

export interface PortableOp {
  readonly k: KernelScope;
  readonly attributes: Attributes;
  /** undefined for constants that only shape the op (axes, paddings) and for outputs that no op here makes. */
  readonly inputs: readonly (WasmTensor | undefined)[];
  /** Shapes of the outputs. */
  readonly shapes: readonly (readonly number[])[];
  /** The numbers of an input that is a constant. */
  readonly numbers: (input: number) => readonly number[];
}

/** Outputs in TensorFlow's order; those that nothing reads may be left out. */
export type RunPortableOp = (op: PortableOp) => readonly WasmTensor[];

export function inputAt({ inputs }: PortableOp, index: number): WasmTensor {
  const tensor = inputs[index];
  if (tensor === undefined) throw new Error(`The op has no input ${index}.`);
  return tensor;
}

export const shapeAt = ({ shapes }: PortableOp, index: number): readonly number[] => shapes[index] ?? [];

export function numberAttribute({ attributes }: PortableOp, name: string): number {
  const value = attributes[name]?.value;
  if (typeof value !== 'number') throw new Error(`The op has no number "${name}".`);
  return value;
}

/** Height and width of a rank-4 list such as `strides`. */
export function pairAttribute({ attributes }: PortableOp, name: string): [number, number] {
  const attribute = attributes[name];
  if (attribute?.kind !== 'ints') throw new Error(`The op has no list "${name}".`);
  return [attribute.value[1] ?? 1, attribute.value[2] ?? 1];
}

export const flagAttribute = ({ attributes }: PortableOp, name: string): boolean =>
  attributes[name]?.value === true;

const stringAttribute = ({ attributes }: PortableOp, name: string) => attributes[name]?.value;

export const paddingAttribute = (op: PortableOp): 'same' | 'valid' =>
  stringAttribute(op, 'padding') === 'SAME' ? 'same' : 'valid';

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

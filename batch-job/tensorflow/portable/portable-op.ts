// What the implementation of one op on the portable back end is given. Shapes and constants are known when it runs.

import { present } from '../../../core/present.ts';
import type { Attributes } from '../program/program.ts';
import type { KernelScope, WasmTensor } from './wasm-kernels.ts';

/** One op of a program that is being run. */
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

/** Runs an op. Its outputs are in TensorFlow's order; those at the end that nothing reads may be missing. */
export type RunPortableOp = (op: PortableOp) => readonly WasmTensor[];

/** The tensor at an input, from 0. @throws {Error} Where there is none. */
export function inputAt({ inputs }: PortableOp, index: number): WasmTensor {
  const tensor = inputs[index];
  if (tensor === undefined) throw new Error(`The op has no input ${index}.`);
  return tensor;
}

/** The shape of the output at a position, from 0. @throws {TypeError} Where the op has fewer. */
export const shapeAt = ({ shapes }: PortableOp, index: number): readonly number[] =>
  present(shapes[index], `an output ${index} of the op`);

// The port between programs and what runs them: variables that persist, programs that read and assign them.

import type { Program, VariableSpec } from '../program/program.ts';

/** Writes a program for a number of samples, or for any number (null). */
export type ProgramWriter = (batch: number | null) => Program;

export interface SessionOptions {
  readonly variables: readonly VariableSpec[];
  /** By name. */
  readonly programs: Readonly<Record<string, ProgramWriter>>;
  /** The number of samples that most runs have, for which an executor may prepare. */
  readonly batchSize: number;
  /** First values, one for each variable. */
  readonly initial: ReadonlyMap<string, Float32Array>;
}

/** float32, pixels, or indices. */
export type InputData = Float32Array | Uint8Array | Int32Array;

/** What an executor that knows float32 alone was given. @throws {Error} For pixels and indices: a defect of the caller. */
export function asFloat32(data: InputData): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new Error('This executor takes float32 alone.');
}

/** Variables on a device and the programs over them. */
export interface Session {
  /**
   * Runs a program.
   *
   * @param batch Number of samples in `inputs`.
   * @param inputs One for each input of the program.
   * @returns Its outputs, copied to the host.
   */
  run(
    program: string,
    batch: number,
    inputs: ReadonlyMap<string, InputData>,
  ): Promise<ReadonlyMap<string, Float32Array>>;
  /** Current values of all variables, copied to the host. */
  readVariables(): Promise<Map<string, Float32Array>>;
  writeVariables(values: ReadonlyMap<string, Float32Array>): Promise<void>;
  dispose(): void;
}

export interface Executor {
  createSession(options: SessionOptions): Promise<Session>;
  /** Tensors alive. */
  numTensors(): number;
}

// The port between programs and what runs them: variables that persist, programs that read and assign them.

import type { Program, VariableSpec } from '../program/program.ts';
import type { InputData } from './input-data.ts';

/** Writes a program for a number of samples, or for any number (null). */
export type ProgramWriter = (batch: number | null) => Program;

/** What a session is made of. */
export interface SessionOptions {
  readonly variables: readonly VariableSpec[];
  /** By name. */
  readonly programs: Readonly<Record<string, ProgramWriter>>;
  /** The number of samples that most runs have, for which an executor may prepare. */
  readonly batchSize: number;
  /** First values, one for each variable. */
  readonly initial: ReadonlyMap<string, Float32Array>;
  /**
   * The input of some programs that an executor may upload while the run before computes. It has the same shape in all of
   * them.
   */
  readonly ahead?: { readonly input: string; readonly programs: readonly string[] };
}

/** Variables on a device and the programs over them. Its calls do not overlap: await each. */
export interface Session {
  /**
   * Runs a program.
   *
   * @param batch Number of samples in `inputs`.
   * @param inputs One for each input of the program.
   * @param next The input {@link SessionOptions.ahead} of the next run, where it is known already and that run has the usual
   * number of samples. Its values stay as they are until then.
   * @returns Its outputs, copied to the host.
   * @throws {TypeError} Where there is no such program, or an input is missing.
   * @throws {RangeError} Where an input is of another size.
   */
  run(
    program: string,
    batch: number,
    inputs: ReadonlyMap<string, InputData>,
    next?: InputData,
  ): Promise<ReadonlyMap<string, Float32Array>>;
  /** Current values of all variables, copied to the host. */
  readVariables(): Promise<Map<string, Float32Array>>;
  /**
   * Replaces variables by name; those not given stay.
   *
   * @throws {TypeError} Where there is no such variable.
   * @throws {RangeError} Where a value is of another size.
   */
  writeVariables(values: ReadonlyMap<string, Float32Array>): Promise<void>;
  /** Frees the variables and the programs. */
  dispose(): void;
}

/** One way of running programs on a device. */
export interface Executor {
  /**
   * Creates the variables and prepares to run the programs. The caller disposes the session.
   *
   * @throws {TypeError} Where a variable has no first value.
   * @throws {RangeError} Where a first value is of another size.
   */
  createSession(options: SessionOptions): Promise<Session>;
  /** Tensors alive. */
  numTensors(): number;
}

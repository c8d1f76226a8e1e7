// What the sessions of all executors do alike: find programs and variables by name, check sizes before a device sees the
// values, and name what comes out. How a device holds variables and runs programs is the executor's own.

import { present } from '../../../core/present.ts';
import type { Program, Value, VariableSpec } from '../program/program.ts';
import type { Session } from './executor.ts';
import { type InputData, sized } from './input-data.ts';
import type { PreparedPrograms } from './prepared-programs.ts';
import type { Variables } from './variables.ts';

/** A variable as an executor holds it. */
export interface HeldVariable {
  readonly spec: VariableSpec;
}

/** A program made ready by an executor. */
export interface PreparedProgram {
  readonly program: Program;
}

/** One input of a run. */
export interface ProgramInput {
  readonly name: string;
  readonly value: Value;
  readonly data: InputData;
  /** The shape of `data`: that of `value` with the batch filled in. */
  readonly shape: readonly number[];
}

/** A new value for a variable. */
export interface Assignment<Variable> {
  readonly variable: Variable;
  readonly data: Float32Array;
}

/** What an executor does for a session. Names and sizes are checked before it is asked. */
export interface SessionDevice<Variable extends HeldVariable, Prepared extends PreparedProgram> {
  readonly variables: Variables<Variable>;
  readonly programs: PreparedPrograms<Prepared | Promise<Prepared>>;
  /** Runs a program. @param next See {@link Session.run}. @returns Its outputs in the program's order, copied to the host. */
  run(
    prepared: Prepared,
    inputs: readonly ProgramInput[],
    next: InputData | undefined,
  ): readonly Float32Array[] | Promise<readonly Float32Array[]>;
  /** @returns The values of the variables in their order, copied to the host. */
  read(variables: readonly Variable[]): readonly Float32Array[];
  write(assignments: readonly Assignment<Variable>[]): void;
}

/** The session of a device. */
export function createSession<Variable extends HeldVariable, Prepared extends PreparedProgram>(
  device: SessionDevice<Variable, Prepared>,
): Session {
  const { variables, programs } = device;
  return {
    async run(name, batch, inputs, next) {
      const prepared = await programs.get(name, batch);
      const outputs = await device.run(prepared, programInputs(name, prepared.program, batch, inputs), next);
      return named(prepared.program.outputs.keys(), outputs, `an output of the program "${name}" called`);
    },
    async readVariables() {
      return named(variables.names, device.read(variables.list()), 'a value of the variable');
    },
    async writeVariables(values) {
      const assignments = [...values].map(([name, data]) => {
        const variable = variables.get(name);
        return { variable, data: sized(data, variable.spec.shape, `The value for the variable "${name}"`) };
      });
      device.write(assignments);
    },
    dispose() {
      variables.dispose();
      programs.clear();
    },
  };
}

function programInputs(
  program: string,
  { inputs: values }: Program,
  batch: number,
  inputs: ReadonlyMap<string, InputData>,
): readonly ProgramInput[] {
  return [...values].map(([name, value]) => {
    const what = `input "${name}" of the program "${program}"`;
    const shape = value.shape.map((n) => n ?? batch);
    const data = sized(present(inputs.get(name), `an ${what}`), shape, `The ${what}`);
    return { name, value, data, shape };
  });
}

const named = (
  names: Iterable<string>,
  values: readonly Float32Array[],
  what: string,
): Map<string, Float32Array> =>
  new Map([...names].map((name, index) => [name, present(values[index], `${what} "${name}"`)]));

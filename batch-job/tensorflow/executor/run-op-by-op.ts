// Runs a program op by op: no tape, no graph, and every tensor freed after its last use. What runs one op is the executor's.

import { present } from '../../../core/present.ts';
import { lastUses } from '../program/last-uses.ts';
import type { Op, Program, Value } from '../program/program.ts';
import type { InputData } from './input-data.ts';
import type { PreparedProgram, ProgramInput } from './session.ts';

/** A program whose constants are on a device. */
export interface OpSequence<Tensor> extends PreparedProgram {
  /** For each op, the values that nothing needs after it. */
  readonly freed: readonly (readonly Value[])[];
  readonly constants: ReadonlyMap<Value, Tensor>;
  /** By the handles that ops name variables by. */
  readonly variableNames: ReadonlyMap<Value, string>;
}

/** The tensors of one run. */
export interface RunTensors<Tensor> {
  /** The tensor of an input, a constant, or a value that an op has made; undefined for any other. */
  get(value: Value): Tensor | undefined;
  /** Gives a tensor to the run, which frees it after the value's last use. */
  hold(value: Value, tensor: Tensor): void;
}

/** What a device does for a run. */
export interface OpDevice<Tensor> {
  upload(data: InputData, shape: readonly number[]): Tensor;
  /** A copy of the values on the host. */
  download(tensor: Tensor): Float32Array;
  free(tensor: Tensor): void;
  /** Runs one op and holds its outputs. */
  runOp(op: Op, tensors: RunTensors<Tensor>): void;
}

/** Prepares a program for {@link runOpByOp}. The caller frees the constants. */
export const toOpSequence = <Tensor>(
  program: Program,
  constants: ReadonlyMap<Value, Tensor>,
): OpSequence<Tensor> => ({
  program,
  freed: lastUses(program),
  constants,
  variableNames: new Map([...program.variables].map(([name, handle]) => [handle, name])),
});

/**
 * Runs a program. All tensors of the run are freed when it returns or throws.
 *
 * @returns The outputs in the program's order, copied to the host.
 */
export function runOpByOp<Tensor>(
  { program, freed, constants }: OpSequence<Tensor>,
  inputs: readonly ProgramInput[],
  device: OpDevice<Tensor>,
): readonly Float32Array[] {
  const owned = new Map<Value, Tensor>();
  const free = (value: Value) => {
    const tensor = owned.get(value);
    if (tensor !== undefined) device.free(tensor);
    owned.delete(value);
  };
  const tensors: RunTensors<Tensor> = {
    get: (value) => owned.get(value) ?? constants.get(value),
    hold: (value, tensor) => void owned.set(value, tensor),
  };
  try {
    for (const { value, data, shape } of inputs) tensors.hold(value, device.upload(data, shape));
    program.ops.forEach((op, index) => {
      device.runOp(op, tensors);
      freed[index]?.forEach(free);
    });
    return [...program.outputs].map(([name, value]) =>
      device.download(present(tensors.get(value), `a value for the output "${name}"`)),
    );
  } finally {
    for (const value of [...owned.keys()]) free(value);
  }
}

// The memory that a program's values take at once, as a run op by op would hold them.

import { lastUses } from './last-uses.ts';
import { closedShape, elementCount, type Program, type Value } from './program.ts';

const BYTES_PER_VALUE = 4;

/** Bytes of a value; a handle's are those of its variable. */
const bytesOf = (value: Value): number => BYTES_PER_VALUE * elementCount(closedShape(value));

/** The most bytes that inputs and values hold at once; variables are not counted. The batch must be known. */
export function peakBytes(program: Program): number {
  const freed = lastUses(program);
  const variables = new Set(
    program.ops.filter(({ type }) => type === 'ReadVariableOp').flatMap(({ outputs }) => outputs),
  );
  const size = (values: readonly Value[]) =>
    values.reduce((sum, value) => sum + (variables.has(value) ? 0 : bytesOf(value)), 0);
  let held = size([...program.inputs.values()]);
  let peak = held;
  program.ops.forEach((op, index) => {
    held += size(op.outputs);
    peak = Math.max(peak, held);
    held -= size(freed[index] ?? []);
  });
  return peak;
}

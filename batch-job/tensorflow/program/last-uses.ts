// When each value of a program is needed last, so that a run op by op holds no tensor longer than it must.

import type { Program, Value } from './program.ts';

/**
 * For every op, the values to free after it: those it made or read that no later op reads and that are no output.
 * Inputs, constants and variables are not among them; their owners free them.
 */
export function lastUses(program: Program): readonly (readonly Value[])[] {
  const made = new Set(program.ops.flatMap((op) => op.outputs));
  const kept = new Set(program.outputs.values());
  const seen = new Set<Value>();
  const freed: Value[][] = [];
  for (const op of program.ops.toReversed()) {
    const last = new Set<Value>();
    for (const value of [...op.inputs, ...op.outputs]) {
      if (made.has(value) && !kept.has(value) && !seen.has(value)) last.add(value);
      seen.add(value);
    }
    freed.push([...last]);
  }
  return freed.toReversed();
}

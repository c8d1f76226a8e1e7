// Data parallelism: a program rewritten so that several devices share each batch. Every tower computes its samples, what is
// summed over samples is summed over towers, and the rest is done once. The result is that of one device with the whole batch.

import { joinBatch, known, splitBatch } from './ops.ts';
import type { InputType, Program, Value } from './program.ts';
import { createProgramBuilder, type ProgramBuilder } from './program-builder.ts';
import { copySources } from './rewrite-program.ts';
import { type Spread, wholeOf } from './spread.ts';
import { spreadOp } from './tower-rules.ts';

/** Writes a program for a number of samples, or for any number (null). */
type Write = (batch: number | null) => Program;

/**
 * The programs with batches that towers share, in equal parts. A program stays on the first device where the towers do not
 * divide its batch, or where it is for any number of samples.
 *
 * @param towers How many there are, from 1.
 * @returns A writer of programs with the same inputs, variables and outputs.
 */
export const toTowers =
  (write: Write, towers: number): Write =>
  (batch) => {
    if (towers === 1 || batch === null || batch % towers !== 0) return write(batch);
    const open = [...write(null).inputs].filter(([, { shape }]) => shape[0] === null);
    return spreadProgram(write(batch / towers), towers, new Set(open.map(([name]) => name)));
  };

/**
 * @param share The program of one tower.
 * @param batchInputs Names of the inputs whose first axis is the batch.
 */
function spreadProgram(share: Program, towers: number, batchInputs: ReadonlySet<string>): Program {
  const b = createProgramBuilder();
  const isBatch = ([name]: readonly [string, Value]) => batchInputs.has(name);
  const inputs = [...share.inputs];
  const { values, variables } = copySources(b, {
    ...share,
    inputs: new Map(inputs.filter((input) => !isBatch(input))),
  });
  const spreads = new Map<Value, Spread>([...values].map(([value, whole]) => [value, { whole }]));
  for (const [name, value] of inputs.filter(isBatch))
    spreads.set(value, { shares: splitInput(b, name, value, towers) });
  const spreadOf = (value: Value): Spread => {
    const spread = spreads.get(value);
    if (spread === undefined) throw new Error(`Value ${value.id} is read before it is made.`);
    return spread;
  };
  for (const op of share.ops) {
    const touched = op.inputs.flatMap((value) => variables.get(value) ?? []);
    const given = op.inputs.filter((value) => !variables.has(value)).map(spreadOf);
    const [variable] = touched;
    if (op.outputs.length === 0) {
      const wholes = given.map((spread) => wholeOf(b, spread));
      b.assign(op.type, touched, wholes, op.attributes);
      continue;
    }
    const made =
      variable === undefined ? spreadOp({ b, op, inputs: given, towers }) : [{ whole: b.read(variable) }];
    op.outputs.forEach((output, index) => {
      const spread = made[index];
      if (spread !== undefined) spreads.set(output, spread);
    });
  }
  for (const [name, value] of share.outputs) b.output(name, joined(b, spreadOf(value)));
  return b.build();
}

/** The processor cuts the input, so that each device is sent its part alone. */
function splitInput(
  b: ProgramBuilder,
  name: string,
  { shape: [samples, ...rest], dtype }: Value,
  towers: number,
): readonly Value[] {
  const input = b.input(name, [towers * known(samples), ...rest], dtype as InputType);
  return b.at('host', () => splitBatch(b, input, towers, known(samples)));
}

/** The value for the whole batch. */
const joined = (b: ProgramBuilder, spread: Spread): Value =>
  'shares' in spread ? b.at('host', () => joinBatch(b, spread.shares)) : wholeOf(b, spread);

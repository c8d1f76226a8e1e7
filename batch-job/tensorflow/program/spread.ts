// A value of one tower's program as several towers have it.

import { addN } from './ops.ts';
import type { Op, Value } from './program.ts';
import type { ProgramBuilder } from './program-builder.ts';

/** What towers have in the place of a value of the program of one tower. */
export type Spread =
  /** One value for all of them. */
  | { readonly whole: Value }
  /** Each tower has its own samples. */
  | { readonly shares: readonly Value[] }
  /** The value is their sum, which is computed once something needs it. */
  | { readonly terms: readonly Value[]; sum?: Value };

/** An op of the program of one tower, and what it reads. */
export interface TowerContext {
  readonly b: ProgramBuilder;
  readonly op: Op;
  /** In the op's order, without handles of variables. */
  readonly inputs: readonly Spread[];
  readonly towers: number;
}

/** The one value for all towers. @throws {Error} Where each tower has its own: nothing is to need that. */
export function wholeOf(b: ProgramBuilder, spread: Spread): Value {
  if ('whole' in spread) return spread.whole;
  if ('shares' in spread) throw new Error('The samples of all towers are read as one value.');
  spread.sum ??= sum(b, spread.terms);
  return spread.sum;
}

/** The sum of values of one shape, on the first device. */
export function sum(b: ProgramBuilder, values: readonly Value[]): Value {
  const [first, ...rest] = values;
  if (first === undefined) throw new Error('There is nothing to add.');
  return addN(b, [first, ...rest]);
}

/** What a tower reads of a value. */
export const valueAt = (b: ProgramBuilder, spread: Spread, tower: number): Value => {
  const share = 'shares' in spread ? spread.shares[tower] : wholeOf(b, spread);
  if (share === undefined) throw new Error(`There is no tower ${tower}.`);
  return share;
};

/** Appends ops for every tower, each on its own device. @returns What they make, by tower. */
export const onEach = <T>({ b, towers }: TowerContext, append: (tower: number) => T): readonly T[] =>
  Array.from({ length: towers }, (_, tower) => b.at(tower, () => append(tower)));

/** The values at an index of each tower's list. */
export const column = (rows: readonly (readonly Value[])[], index: number): readonly Value[] =>
  rows.map((row) => {
    const value = row[index];
    if (value === undefined) throw new Error(`There is no output ${index}.`);
    return value;
  });

/** The input at an index. */
export function inputAt({ op, inputs }: TowerContext, index: number): Spread {
  const spread = inputs[index];
  if (spread === undefined) throw new Error(`${op.type} has no input ${index}.`);
  return spread;
}

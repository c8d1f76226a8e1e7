// The attributes of an op as plain values, for whoever runs or writes ops.

import type { Padding, Pair } from '../../../core/network/description/layer.ts';
import type { Op } from './program.ts';

type WithAttributes = Pick<Op, 'attributes'>;

/** The number under a name. @throws {Error} Where the op has none: a defect. */
export function numberAttribute({ attributes }: WithAttributes, name: string): number {
  const value = attributes[name]?.value;
  if (typeof value !== 'number') throw new Error(`The op has no number "${name}".`);
  return value;
}

/** Height and width of a rank-4 list such as `strides`. */
export function pairAttribute({ attributes }: WithAttributes, name: string): Pair {
  const attribute = attributes[name];
  if (attribute?.kind !== 'ints') throw new Error(`The op has no list "${name}".`);
  return [attribute.value[1] ?? 1, attribute.value[2] ?? 1];
}

/** Whether the attribute under a name is true; false where the op has none. */
export const flagAttribute = ({ attributes }: WithAttributes, name: string): boolean =>
  attributes[name]?.value === true;

const stringAttribute = ({ attributes }: WithAttributes, name: string) => attributes[name]?.value;

/** The padding of a window, `valid` unless the op says `SAME`. */
export const paddingAttribute = (op: WithAttributes): Padding =>
  stringAttribute(op, 'padding') === 'SAME' ? 'same' : 'valid';

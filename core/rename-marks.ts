// The marks of a rename in the records of both names: who is seen by which name meanwhile, and how a name is reserved. Knows neither models
// nor datasets.

import { randomUUID } from 'node:crypto';
import type { FoveaError } from './errors/errors.ts';

/** What a rename notes in the record of a name. */
export interface RenameMarks {
  /** The name that a rename gives what has this one, until nothing is left by this one. */
  readonly renamingTo?: string | undefined;
  /** The name of what a rename copies here, until everything is copied. */
  readonly renamingFrom?: string | undefined;
  /** The same from then on, until nothing is left by that one. */
  readonly renamedFrom?: string | undefined;
  /** The request that reserved the new name last, among several for the same rename: it alone may give the reservation up. */
  readonly renamingBy?: string | undefined;
}

/** The old and the new name. */
export interface Names {
  readonly from: string;
  readonly to: string;
}

/**
 * Whether nobody sees something by this name: while a rename copies it here, and after the rename has shown it elsewhere. One write of the
 * new name's record ends the first and begins the second, so that at every moment one of the two names stands for it.
 * @param read the record of another name. What it throws comes through.
 */
export async function isHiddenByRename(
  name: string,
  marks: RenameMarks | undefined,
  read: (name: string) => Promise<RenameMarks | undefined>,
): Promise<boolean> {
  if (marks?.renamingFrom !== undefined) return true;
  if (marks?.renamingTo === undefined) return false;
  return (await read(marks.renamingTo))?.renamedFrom === name;
}

/** The change of a record that takes a mark away where it names `name`. */
export const withoutMark =
  (mark: keyof RenameMarks, name: string) =>
  <R extends RenameMarks>({ [mark]: found, renamingBy: _, ...rest }: R): R | undefined =>
    found === name ? (rest as unknown as R) : undefined;

/** How a new name is reserved. */
export interface Reservation<R extends RenameMarks> {
  /** Changes the record of a name by compare-and-swap, or makes it; `undefined` leaves it as it is. */
  readonly change: (
    name: string,
    change: (record: R) => R | undefined | Promise<R | undefined>,
  ) => Promise<R>;
  /** Whether the new name stands for something else. */
  readonly isTaken: () => Promise<boolean>;
  readonly nameTaken: () => FoveaError;
  /** Rejects where something uses what is renamed. It is asked once nobody can begin to use it any more, and may be asked again. */
  readonly refuse: () => Promise<void>;
  /** The error where the same rename was given up meanwhile by other requests. */
  readonly givenUp: () => FoveaError;
  /** Is called when the new name is given up again, and its record has no mark any more. */
  readonly onGivenUp?: () => Promise<void>;
}

/** Requests for the same rename take the reservation from each other; each has it after one or two attempts. */
const MOST_ATTEMPTS = 8;

/**
 * Reserves the new name, after the old one was marked. Where it fails, it takes the marks of both names back, unless another request for the
 * same rename has taken the reservation over: then that one decides.
 * @throws {FoveaError} `nameTaken`, `givenUp`; what the others throw.
 */
export async function reserveName<R extends RenameMarks>(
  names: Names,
  reservation: Reservation<R>,
): Promise<void> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) if (await reserveOnce(names, reservation)) return;
  throw reservation.givenUp();
}

/** @returns false where another request took the reservation over before it was sure that nothing is used. */
async function reserveOnce<R extends RenameMarks>(
  { from, to }: Names,
  { change, isTaken, nameTaken, refuse, givenUp, onGivenUp }: Reservation<R>,
): Promise<boolean> {
  const renamingBy = randomUUID();
  const isOurs = (record: R) => record.renamingBy === renamingBy;
  const isStillOurs = async (name: string) => isOurs(await change(name, () => undefined));
  try {
    const source = await change(from, (record) =>
      record.renamingTo === to ? { ...record, renamingBy } : undefined,
    );
    if (!isOurs(source)) throw givenUp();
    const { renamedFrom } = await change(to, async (record) => {
      // The same request at the same moment was quicker.
      if (record.renamedFrom === from) return undefined;
      if (record.renamingFrom !== from && (await isTaken())) throw nameTaken();
      return { ...record, renamingFrom: from, renamingBy };
    });
    if (renamedFrom === from) return true;
    await refuse();
    return (await isStillOurs(to)) && (await isStillOurs(from));
  } catch (error) {
    let wasOurs = false;
    await change(to, (record) => {
      wasOurs = isOurs(record) && record.renamingFrom === from;
      return wasOurs ? withoutMark('renamingFrom', from)(record) : undefined;
    });
    if (wasOurs) await onGivenUp?.();
    await change(from, (record) => (isOurs(record) ? withoutMark('renamingTo', to)(record) : undefined));
    throw error;
  }
}

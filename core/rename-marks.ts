// The marks of a rename in the records of both names: who is seen by which name meanwhile, and how a name is reserved. Knows neither models
// nor datasets.

import type { FoveaError } from './errors/errors.ts';

/** What a rename notes in the record of a name. */
export interface RenameMarks {
  /** The name that a rename gives what has this one, until nothing is left by this one. */
  readonly renamingTo?: string | undefined;
  /** The name of what a rename copies here, until everything is copied. */
  readonly renamingFrom?: string | undefined;
  /** The same from then on, until nothing is left by that one. */
  readonly renamedFrom?: string | undefined;
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
  <R extends RenameMarks>({ [mark]: found, ...rest }: R): R | undefined =>
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
  /** Rejects where something uses what is renamed. It is asked once nobody can begin to use it any more. */
  readonly refuse: () => Promise<void>;
  /** Is called when the new name is given up again, and its record has no mark any more. */
  readonly onGivenUp?: () => Promise<void>;
}

/**
 * Reserves the new name, after the old one was marked. Where it fails, it takes the marks of both names back.
 * @throws {FoveaError} `nameTaken`; what the others throw.
 */
export async function reserveName<R extends RenameMarks>(
  { from, to }: Names,
  { change, isTaken, nameTaken, refuse, onGivenUp }: Reservation<R>,
): Promise<void> {
  try {
    await change(to, async (record) => {
      // Or the same request at the same moment was quicker.
      if (record.renamingFrom === from || record.renamedFrom === from) return undefined;
      if (await isTaken()) throw nameTaken();
      return { ...record, renamingFrom: from };
    });
    await refuse();
  } catch (error) {
    let wasOurs = false;
    await change(to, (record) => {
      wasOurs = record.renamingFrom === from;
      return withoutMark('renamingFrom', from)(record);
    });
    if (wasOurs) await onGivenUp?.();
    await change(from, withoutMark('renamingTo', to));
    throw error;
  }
}

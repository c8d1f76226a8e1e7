// The results of all runs, in one JSON file that each run adds to.

import { readFile, writeFile } from 'node:fs/promises';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { ArmName } from './arms.ts';
import type { Measures } from './measure.ts';

/** One arm on one set with one seed. */
export interface Result extends Measures {
  /** Name of the set's folder. */
  readonly set: string;
  readonly base: string;
  readonly arm: ArmName;
  readonly seed: number;
  readonly classes: number;
  /** Pictures that are not for the test. */
  readonly trained: number;
  readonly seconds: number;
  /** What the arm decided. */
  readonly note: string;
  /** What Fovea's model takes; absent for other arms. */
  readonly input?: ModelInput;
  /** Names of the test pictures that are answered wrongly. */
  readonly mistakes: readonly string[];
  /** ISO 8601. */
  readonly date: string;
  readonly commit: string;
}

/** All results of a file, the oldest first; none where there is no file. */
export async function readResults(file: string): Promise<readonly Result[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as readonly Result[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Adds a result to a file. */
export async function addResult(file: string, result: Result): Promise<void> {
  const all = [...(await readResults(file)), result];
  await writeFile(file, `[\n${all.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`);
}

/** Which run a result is of. */
type Run = Pick<Result, 'set' | 'base' | 'arm' | 'seed'>;

const nameOf = ({ set, base, arm, seed }: Run) => [set, base, arm, seed].join('\n');

/** The newest result of each run, in the order of the file. */
export const newestResults = (results: readonly Result[]): readonly Result[] => [
  ...new Map(results.map((result) => [nameOf(result), result])).values(),
];

/** The newest result of a run; undefined where it has none. */
export const findResult = (results: readonly Result[], run: Run): Result | undefined =>
  results.findLast((result) => nameOf(result) === nameOf(run));

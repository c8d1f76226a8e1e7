// Programs made ready to run for one number of samples: prepared when first asked for, kept while they are in use.

import { present } from '../../../core/present.ts';
import type { Program } from '../program/program.ts';
import type { SessionOptions } from './executor.ts';

/** Full batches, the last smaller one, and both again for prediction; more sizes are prepared anew. */
const PREPARED_LIMIT = 6;

/** The programs of a session as an executor runs them. */
export interface PreparedPrograms<T> {
  /**
   * The program `name` for a batch of so many samples.
   *
   * @throws {TypeError} Where there is none of this name.
   */
  get(name: string, batch: number): T;
  /** Frees what all of them hold. */
  clear(): void;
}

/**
 * A cache of the programs used last, each prepared for its number of samples.
 *
 * @param free Frees what a prepared program holds, when another takes its place.
 */
export function createPreparedPrograms<T>(
  programs: SessionOptions['programs'],
  prepare: (program: Program) => T,
  free: (prepared: T) => void,
): PreparedPrograms<T> {
  const prepared = new Map<string, T>();
  return {
    get(name, batch) {
      const key = `${name}/${batch}`;
      const known = prepared.get(key);
      if (known !== undefined) return known;
      const write = present(programs[name], `a program "${name}"`);
      const result = prepare(write(batch));
      prepared.set(key, result);
      const [oldest] = prepared;
      if (prepared.size > PREPARED_LIMIT && oldest !== undefined) {
        prepared.delete(oldest[0]);
        free(oldest[1]);
      }
      return result;
    },
    clear() {
      prepared.forEach(free);
      prepared.clear();
    },
  };
}

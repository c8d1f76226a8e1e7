// Programs made ready to run by an executor that goes op by op: prepared when first asked for, kept while they are in use.

import type { Program } from '../program/program.ts';
import type { SessionOptions } from './executor.ts';

/** Full batches, the last smaller one, and both again for prediction; more sizes are prepared anew. */
const PREPARED_LIMIT = 6;

export interface PreparedPrograms<T> {
  /** The program `name` for a batch of so many samples. */
  get(name: string, batch: number): T;
  /** Frees what all of them hold. */
  clear(): void;
}

/** @param forget frees what a prepared program holds, when another takes its place. */
export function createPreparedPrograms<T>(
  programs: SessionOptions['programs'],
  prepare: (program: Program) => T,
  forget: (prepared: T) => void,
): PreparedPrograms<T> {
  const prepared = new Map<string, T>();
  return {
    get(name, batch) {
      const key = `${name}/${batch}`;
      const known = prepared.get(key);
      if (known !== undefined) return known;
      const write = programs[name];
      if (write === undefined) throw new Error(`There is no program "${name}".`);
      const result = prepare(write(batch));
      prepared.set(key, result);
      const [oldest] = prepared;
      if (prepared.size > PREPARED_LIMIT && oldest !== undefined) {
        prepared.delete(oldest[0]);
        forget(oldest[1]);
      }
      return result;
    },
    clear() {
      prepared.forEach(forget);
      prepared.clear();
    },
  };
}

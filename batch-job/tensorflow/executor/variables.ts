// The variables of a session by name, in whatever form an executor holds them.

import { present } from '../../../core/present.ts';
import type { VariableSpec } from '../program/program.ts';
import type { SessionOptions } from './executor.ts';
import { sized } from './input-data.ts';

/** How an executor holds one variable. */
export interface VariableStorage<T> {
  /** @param first The variable's first value, of its size. */
  create(spec: VariableSpec, first: Float32Array): T;
  free(variable: T): void;
}

/** The variables of a session. */
export interface Variables<T> {
  /** In the order of the session's specs. */
  readonly names: readonly string[];
  /** The variable of this name. @throws {TypeError} Where there is none. */
  get(name: string): T;
  /** All of them, in the order of {@link names}. */
  list(): readonly T[];
  /** Frees all of them. */
  dispose(): void;
}

/**
 * Creates the variables of a session. Where one fails, those made before are freed.
 *
 * @throws {TypeError} Where a variable has no first value.
 * @throws {RangeError} Where a first value is of another size.
 */
export function createVariables<T>(
  { variables: specs, initial }: Pick<SessionOptions, 'variables' | 'initial'>,
  { create, free }: VariableStorage<T>,
): Variables<T> {
  const variables = new Map<string, T>();
  const dispose = () => {
    for (const variable of variables.values()) free(variable);
    variables.clear();
  };
  try {
    for (const spec of specs) {
      const what = `first value of the variable "${spec.name}"`;
      const first = sized(present(initial.get(spec.name), `a ${what}`), spec.shape, `The ${what}`);
      variables.set(spec.name, create(spec, first));
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    names: specs.map(({ name }) => name),
    get: (name) => present(variables.get(name), `a variable "${name}"`),
    list: () => [...variables.values()],
    dispose,
  };
}

// Names as the wire spells them: snake_case, whatever the code and the store call the same thing.

type Upper<C extends string> = C extends Lowercase<C> ? false : true;

/** A name in snake_case: `unfreezeFrom` becomes `unfreeze_from`. */
export type SnakeCase<S extends string> = S extends `${infer C}${infer Rest}`
  ? `${Upper<C> extends true ? `_${Lowercase<C>}` : C}${SnakeCase<Rest>}`
  : S;

/**
 * A type with its names in snake_case at every depth. Keys that are data (those of a `Record<string, …>`) stay as
 * they are.
 */
export type SnakeCased<T> = T extends readonly (infer U)[]
  ? SnakeCased<U>[]
  : T extends object
    ? string extends keyof T
      ? { [K in keyof T]: SnakeCased<T[K]> }
      : { [K in keyof T as K extends string ? SnakeCase<K> : K]: SnakeCased<T[K]> }
    : T;

/** Spells a name in snake_case: `unfreezeFrom` becomes `unfreeze_from`, and `unfreeze_from` stays. */
export const toSnakeCase = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Spells all keys of plain data in snake_case, at every depth. For data whose keys are all names of the project, such
 * as the details of an error or the data of an event.
 */
export const toSnakeCased = (data: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [toSnakeCase(name), convert(value)]));

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  return typeof value === 'object' && value !== null ? toSnakeCased(value as Record<string, unknown>) : value;
}

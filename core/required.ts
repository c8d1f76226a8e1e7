// For what is there unless the program has a defect: entries of lists and maps whose keys come from the same place.

/**
 * The value, which must be there.
 *
 * @param what Names it in the error, e.g. `node of the variable "conv/kernel"`.
 * @throws {RangeError} Where it is undefined.
 */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`There is no ${what}.`);
  return value;
}

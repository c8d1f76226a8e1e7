// What must be there by the rules of the code around it: an absence is a defect, and stops where it shows.

/**
 * Gives back a value that cannot be absent unless the code is wrong.
 * @param what names the value in the message, e.g. `an input of the session`.
 * @throws {TypeError} where the value is undefined or null.
 */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null)
    throw new TypeError(`Expected ${what}, but there is none. This is a defect of Fovea.`);
  return value;
}

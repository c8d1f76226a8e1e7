// Whether a key's list of datasets or models has a name.

/**
 * Whether a name is in a list of names and of beginnings of names that end in `*`.
 * @param list without it, every name is.
 */
export const allowsName = (list: readonly string[] | undefined, name: string): boolean =>
  list === undefined ||
  list.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : entry === name));

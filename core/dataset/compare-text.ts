// The one order of names in a dataset.

/** Compares texts by UTF-16 code units, for `sort`. The order is the same on every machine, whatever its language. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

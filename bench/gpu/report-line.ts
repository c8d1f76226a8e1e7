// Prints one line of JSON on standard output for each figure, when it is measured.

/** Prints one figure as a line of JSON. */
export const report = (fields: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
};

// What the page must be is said aloud, and what it is not is kept for the end.

/** What was not as it must be. */
export const problems: string[] = [];

/** Says whether something is so. */
export type Demand = (isSo: boolean, what: string) => void;

/** Says whether something is so, and keeps it where it is not. */
export const demand: Demand = (isSo, what) => {
  if (!isSo) problems.push(what);
  console.log(`${isSo ? 'ok  ' : 'FAIL'} ${what}`);
};

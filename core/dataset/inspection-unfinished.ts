// The end of an inspection whose time was up. What it found out is kept, so that the next one goes on from there.

/** Not a fault: there are files left to read. */
export class InspectionUnfinished extends Error {
  override readonly name = 'InspectionUnfinished';
  /** Files that were read, now or before. */
  readonly done: number;
  /** Files that are to be read in all. */
  readonly total: number;

  constructor(done: number, total: number) {
    super(`The inspection has read ${done} of ${total} files. Inspect again to go on.`);
    this.done = done;
    this.total = total;
  }
}

// Tells a full disk from other failures of a write.

/** Codes of a full disk, and of a quota that is reached. */
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/** Whether a system call failed because there is no room. */
export const isDiskFull = (cause: unknown): boolean =>
  FULL.has((cause as NodeJS.ErrnoException | undefined)?.code);

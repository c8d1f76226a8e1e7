// Turns errno codes into errors of the project. Knows nothing of how files are written.

import type { ErrorCode } from '../../../errors/error-codes.ts';
import { FoveaError } from '../../../errors/errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly advice: string;
}

const DENIED: Meaning = {
  code: 'storage-denied',
  advice: 'Give the user that this process runs as the right to read and write the storage folder.',
};
const FULL: Meaning = {
  code: 'storage-full',
  advice: 'Free space (or raise the quota) on the disk of the storage folder and try again.',
};
const CONFLICT: Meaning = {
  code: 'key-conflict',
  advice: 'A file and a folder cannot share a name; choose another key or remove what is in the way.',
};
const UNSUPPORTED: Meaning = {
  code: 'storage-unsupported',
  advice: 'The whole storage folder must be on one file system that supports hard links and renaming.',
};

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: {
    code: 'storage-read-only',
    advice: 'Mount the disk of the storage folder for writing, or put the folder on another.',
  },
  ENAMETOOLONG: {
    code: 'key-too-long',
    advice: 'The file system allows about 255 bytes a segment; shorten the name.',
  },
  EEXIST: CONFLICT,
  ENOTDIR: CONFLICT,
  EISDIR: CONFLICT,
  ENOTSUP: UNSUPPORTED,
  EXDEV: UNSUPPORTED,
  EMFILE: {
    code: 'storage-unavailable',
    advice: 'Too many files are open; raise the limit (ulimit -n) or read fewer objects at once.',
  },
};

/** The errno code of a failed system call, e.g. `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Awaits a system call. Returns `false` where it failed with one of the given errno codes; other failures are thrown.
 */
export async function succeeds(call: Promise<unknown>, ...unless: readonly string[]): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== undefined && unless.includes(errno)) return false;
    throw error;
  }
}

/** Turns the error of a failed system call into one of the project. Any other error is returned unchanged. */
export function toStorageError(
  error: unknown,
  action: 'read' | 'write' | 'delete' | 'list',
  key: string,
): unknown {
  const errno = errnoOf(error);
  if (error instanceof FoveaError || errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return error;
  const meaning: Meaning = MEANINGS[errno] ?? {
    code: 'storage-unavailable',
    advice: 'See the cause; the disk or its mount may be at fault.',
  };
  return new FoveaError(meaning.code, `Could not ${action} "${key}" (${errno}). ${meaning.advice}`, {
    param: key,
    details: { errno },
    cause: error,
  });
}

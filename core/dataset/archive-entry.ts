// What an archive of pictures gives, and its bounds. All that archives say of themselves is untrusted. Knows no format.

import { FoveaError } from '../errors/errors.ts';
import { imageTooLarge } from '../image/image-errors.ts';

/** The bounds of an archive. */
export interface ArchiveLimits {
  /** Most entries, folders included. */
  readonly entries: number;
  /** Most bytes of one file; larger ones have an error in their place. */
  readonly fileBytes: number;
  /** Most bytes of all files together, unpacked. */
  readonly unpackedBytes: number;
}

/** A file of an archive. */
export interface ArchiveEntry {
  /** As the archive says it: it may lead anywhere. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The bytes, or the error that explains why there are none. */
  readonly content: Uint8Array | FoveaError;
}

/** How much larger than the archive its files may be: pictures hardly shrink. */
const MAX_RATIO = 100;
/** What an archive of any size may unpack to, in bytes. */
const FREE_BYTES = 2 ** 20;
const SHOWN_CHARACTERS = 80;

/** The error for an archive that cannot be read. */
export const archiveInvalid = (problem: string, cause?: unknown): FoveaError =>
  new FoveaError(
    'archive-invalid',
    `The archive cannot be read: ${problem}. Pack it again as .zip or .tar.gz.`,
    {
      cause,
    },
  );

/** The error for an entry that is not unpacked. @param problem a clause, e.g. `it is a link`. */
export const entryRefused = (path: string, problem: string, cause?: unknown): FoveaError =>
  new FoveaError(
    'archive-entry-refused',
    `${JSON.stringify(path.slice(0, SHOWN_CHARACTERS))} is not taken from the archive: ${problem}. Pack the file itself, without a password.`,
    { cause },
  );

/** The error for a file that is not read, since it is too large; undefined where it is not. */
export const tooLargeFile = (sizeBytes: number, { fileBytes }: ArchiveLimits): FoveaError | undefined =>
  sizeBytes > fileBytes ? imageTooLarge(sizeBytes, fileBytes) : undefined;

/** Counts what comes out of an archive while it is read. */
export class ArchiveBounds {
  #entries = 0;
  readonly #limits: ArchiveLimits;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  /** @throws {FoveaError} `archive-too-large`. */
  countEntry(): void {
    if (++this.#entries > this.#limits.entries) throw tooLarge('entries', this.#limits.entries);
  }

  /**
   * @param packedBytes bytes of the archive, as far as it was read.
   * @param unpackedBytes what came, or would come, out of them.
   * @throws {FoveaError} `archive-too-large`.
   */
  checkBytes(packedBytes: number, unpackedBytes: number): void {
    if (unpackedBytes > this.#limits.unpackedBytes) throw tooLarge('bytes', this.#limits.unpackedBytes);
    if (unpackedBytes > MAX_RATIO * packedBytes + FREE_BYTES)
      throw new FoveaError(
        'archive-too-large',
        `The archive unpacks to more than ${MAX_RATIO} times its size, which pictures do not. Pack the pictures alone.`,
        { details: { allowed_ratio: MAX_RATIO } },
      );
  }
}

const tooLarge = (what: 'entries' | 'bytes', allowed: number) =>
  new FoveaError(
    'archive-too-large',
    `The archive has more than ${allowed} ${what}${what === 'bytes' ? ' when it is unpacked' : ''}. Send several archives.`,
    { details: { allowed } },
  );

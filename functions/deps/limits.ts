// The limits on what a request may cost. Every limit is enforced while reading, and the error that it causes names it.

import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';

/** The limits of one installation. */
export interface Limits {
  /** Bytes of the body of a prediction: all pictures of the request together, base64 included. */
  readonly predictBodyBytes: number;
  /** Bytes of any JSON body that carries no pictures. */
  readonly jsonBodyBytes: number;
  /** Bytes of one uploaded picture. */
  readonly uploadBytes: number;
  /** Bytes of one uploaded model, which is in memory while it is imported. The command line takes larger ones. */
  readonly modelUploadBytes: number;
  /** Bytes of all uploaded pictures of one prediction together: they are in memory at once. */
  readonly predictUploadBytes: number;
  /** Bytes of one file put into a dataset. */
  readonly datasetFileBytes: number;
  /** Files in one form that are put into a dataset; they are in memory at once. */
  readonly datasetFormFiles: number;
  /** Bytes of all files of such a form together. */
  readonly datasetFormBytes: number;
  /** Bytes of an archive that is put into a dataset; it is read file by file. */
  readonly archiveBytes: number;
  /** Bytes of the files of an archive. */
  readonly archiveUnpackedBytes: number;
  /** Files and folders in one archive. */
  readonly archiveEntries: number;
  /** Pictures in one prediction. */
  readonly imagesPerRequest: number;
  /**
   * Bytes of the bodies of all requests in progress, and of the uploads that they name, together. The memory that they take is
   * up to four times that, for base64 in JSON.
   */
  readonly bytesInFlight: number;
  /** How long one request may read pictures of a dataset, in milliseconds; what it has found out is kept for the next. */
  readonly inspectionMs: number;
  /** How long a client may stall in the middle of its body, in milliseconds. */
  readonly bodyStallMs: number;
}

const MIB = 1024 * 1024;

/** Four of the largest requests. */
const MOST_BYTES_IN_FLIGHT = 256 * MIB;
/** One of the largest requests. */
const LEAST_BYTES_IN_FLIGHT = 64 * MIB;
/** Share of the memory; bodies take up to four times what they count. */
const MEMORY_SHARE = 1 / 16;

/** {@link Limits.bytesInFlight} of a server with so much memory: a sixteenth of it, at least 64 MiB and at most 256. */
export const defaultBytesInFlight = (memoryBytes: number): number =>
  Math.min(MOST_BYTES_IN_FLIGHT, Math.max(LEAST_BYTES_IN_FLIGHT, Math.floor(memoryBytes * MEMORY_SHARE)));

/** The limits of a server on a machine. */
export const DEFAULT_LIMITS: Limits = {
  predictBodyBytes: 64 * MIB,
  // A job with the 16 metadata pairs that OpenAI allows takes 10 KB.
  jsonBodyBytes: MIB,
  // The decoder takes no larger file.
  uploadBytes: DEFAULT_IMAGE_LIMITS.maxBytes,
  modelUploadBytes: LEAST_BYTES_IN_FLIGHT,
  predictUploadBytes: 64 * MIB,
  datasetFileBytes: 32 * MIB,
  datasetFormFiles: 1000,
  datasetFormBytes: 64 * MIB,
  archiveBytes: 1024 * MIB,
  archiveUnpackedBytes: 2 * 1024 * MIB,
  archiveEntries: 20_000,
  imagesPerRequest: 64,
  bytesInFlight: MOST_BYTES_IN_FLIGHT,
  // Below the minute after which clients and proxies give up.
  inspectionMs: 20_000,
  bodyStallMs: 20_000,
};

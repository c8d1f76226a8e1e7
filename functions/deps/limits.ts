// What a request may cost. Every limit is enforced while reading, and named in the error that it causes.

import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';

export interface Limits {
  /** Body of a prediction, in bytes: all pictures of the request together, base64 included. */
  readonly predictBodyBytes: number;
  /** Body of any JSON request that carries no pictures, in bytes. */
  readonly jsonBodyBytes: number;
  /** One uploaded picture, in bytes. */
  readonly uploadBytes: number;
  /** All uploaded pictures of one prediction together, in bytes: they are in memory at once. */
  readonly predictUploadBytes: number;
  /** One file put into a dataset, in bytes. */
  readonly datasetFileBytes: number;
  /** Pictures in one prediction. */
  readonly imagesPerRequest: number;
  /**
   * Bodies of all requests that are being read or answered, and the uploads that they name, together, in bytes. The memory that
   * they take is up to four times that, for base64 in JSON.
   */
  readonly bytesInFlight: number;
  /** How long a client may stall in the middle of its body, in milliseconds. */
  readonly bodyStallMs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  predictBodyBytes: 64 * MIB,
  // A job with the 16 metadata pairs that OpenAI allows takes 10 KB.
  jsonBodyBytes: MIB,
  // What the decoder takes.
  uploadBytes: DEFAULT_IMAGE_LIMITS.maxBytes,
  predictUploadBytes: 64 * MIB,
  datasetFileBytes: 32 * MIB,
  imagesPerRequest: 64,
  // Four of the largest requests.
  bytesInFlight: 256 * MIB,
  bodyStallMs: 20_000,
};

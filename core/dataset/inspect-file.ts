// One file of a dataset: read once, hashed, and tried as a picture. Knows nothing of the other files.

import { contentHashOf } from '../content-hash.ts';
import type { ErrorCode } from '../errors/error-codes.ts';
import { isFoveaError } from '../errors/errors.ts';
import type { ImageErrorCode } from '../image/image-errors.ts';
import type { ImageLimits } from '../image/image-limits.ts';
import { checkByteLimit } from '../image/image-limits.ts';
import { readImageHeader } from '../image/read-image-header.ts';
import { verifyImage } from '../image/verify-image.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FindingCode } from './findings.ts';

/** How far a picture is tried: `header` finds what is no picture, `full` also what is damaged further on. */
export type DecodeDepth = 'header' | 'full';

export interface InspectFileOptions {
  readonly decode: DecodeDepth;
  readonly limits: ImageLimits;
  readonly signal?: AbortSignal;
}

/** What is known of a good picture. */
export interface PictureFacts {
  /** sha256 of the file, hexadecimal. */
  readonly contentHash: string;
  /** Pixels, after the EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** See core/image/thumbnail.ts; null where only the header was read. */
  readonly thumbnail: Uint8Array | null;
  /** Of one plain color; false where only the header was read. */
  readonly isFlat: boolean;
}

/** A good picture, or what is wrong with the file. */
export type FileVerdict = PictureFacts | { readonly code: FindingCode; readonly reason: string };

const FINDING_OF_ERROR: Readonly<Record<string, FindingCode>> = {
  'image-empty': 'file-empty',
  'image-too-large': 'file-too-large',
  'image-too-many-pixels': 'file-too-large',
  'image-too-many-frames': 'file-too-large',
  'image-unsupported': 'file-unsupported',
  'image-corrupt': 'file-corrupt',
  'image-zero-size': 'file-corrupt',
} satisfies Record<ImageErrorCode, FindingCode>;

/** What the store says of a single object, whatever the others are. */
const UNREADABLE: ReadonlySet<ErrorCode> = new Set([
  'storage-link-refused',
  'storage-name-not-utf8',
  'object-archived',
  'key-invalid',
  'key-too-long',
] as const);

/**
 * Reads and tries one file.
 *
 * @throws What the store throws, and the signal's reason; never for a bad file.
 */
export async function inspectFile(
  store: ObjectStore,
  file: { readonly key: string; readonly sizeBytes: number },
  options: InspectFileOptions,
): Promise<FileVerdict> {
  const { limits, signal } = options;
  try {
    // By its listed size, so that a video put there by mistake is not read into memory. What cannot be read is listed with 0.
    if (file.sizeBytes > 0) checkByteLimit(file.sizeBytes, limits);
    const object = await store.get(file.key, signal === undefined ? {} : { signal });
    if (object === undefined)
      return { code: 'file-vanished', reason: 'It was deleted after it had been listed.' };
    const { body } = object;
    const contentHash = contentHashOf(body);
    if (options.decode === 'header') {
      const { width, height } = await readImageHeader(body, limits);
      return { contentHash, width, height, thumbnail: null, isFlat: false };
    }
    const { width, height, thumbnail, isFlat } = await verifyImage(body, limits);
    return { contentHash, width, height, thumbnail, isFlat };
  } catch (error) {
    if (!isFoveaError(error)) throw error;
    const code = UNREADABLE.has(error.code) ? 'file-unreadable' : FINDING_OF_ERROR[error.code];
    if (code === undefined) throw error;
    return { code, reason: error.message };
  }
}

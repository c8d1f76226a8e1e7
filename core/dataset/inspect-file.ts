// Inspects one file of a dataset: reads it once, hashes it, and decodes it as a picture. Knows nothing of other files.

import { contentHashOf } from '../content-hash.ts';
import { isFoveaError } from '../errors/errors.ts';
import type { ImageErrorCode } from '../image/image-errors.ts';
import type { ImageLimits } from '../image/image-limits.ts';
import { checkByteLimit } from '../image/image-limits.ts';
import { readImageHeader } from '../image/read-image-header.ts';
import { verifyImage } from '../image/verify-image.ts';
import { isUnreadableObject } from '../storage/is-unreadable-object.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FindingCode } from './findings.ts';

/** How far a picture is decoded: `header` finds files that are no pictures, `full` also pictures that are damaged. */
export type DecodeDepth = 'header' | 'full';

/** How far files are decoded, and their limits. */
export interface InspectFileOptions {
  readonly decode: DecodeDepth;
  readonly limits: ImageLimits;
  readonly signal?: AbortSignal;
}

/** The facts about a good picture. */
export interface PictureFacts {
  /** sha256 of the file, hexadecimal. */
  readonly contentHash: string;
  /** Width in pixels, of the upright picture. */
  readonly width: number;
  readonly height: number;
  /** See core/image/thumbnail.ts; null where only the header was read. */
  readonly thumbnail: Uint8Array | null;
  /** Whether it is of one plain color; false where only the header was read. */
  readonly isFlat: boolean;
}

/** The facts about a good picture, or what is wrong with the file. */
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

/** A verdict, and the etag of the content that it is about; none where no content was read. */
export interface InspectedFile {
  readonly verdict: FileVerdict;
  readonly etag?: string;
}

/**
 * Reads and decodes one file.
 *
 * @throws the errors of the store and the signal's reason, but no error for a bad file.
 */
export async function inspectFile(
  store: ObjectStore,
  file: { readonly key: string; readonly sizeBytes: number },
  options: InspectFileOptions,
): Promise<InspectedFile> {
  const { limits, signal } = options;
  let etag: string | undefined;
  try {
    // The listed size is checked first, so that a video is not read into memory. Files that cannot be read are listed with size 0.
    if (file.sizeBytes > 0) checkByteLimit(file.sizeBytes, limits);
    const object = await store.get(file.key, signal === undefined ? {} : { signal });
    if (object === undefined)
      return { verdict: { code: 'file-vanished', reason: 'It was deleted after it had been listed.' } };
    const { body } = object;
    etag = object.etag;
    const contentHash = contentHashOf(body);
    if (options.decode === 'header') {
      const { width, height } = await readImageHeader(body, limits);
      return { verdict: { contentHash, width, height, thumbnail: null, isFlat: false }, etag };
    }
    const { width, height, thumbnail, isFlat } = await verifyImage(body, limits);
    return { verdict: { contentHash, width, height, thumbnail, isFlat }, etag };
  } catch (error) {
    if (!isFoveaError(error)) throw error;
    const code = isUnreadableObject(error) ? 'file-unreadable' : FINDING_OF_ERROR[error.code];
    if (code === undefined) throw error;
    const verdict = { code, reason: error.message };
    return etag === undefined ? { verdict } : { verdict, etag };
  }
}

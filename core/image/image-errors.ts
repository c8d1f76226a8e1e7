// The errors of pictures. Each says what was received, what is allowed and what to do.

import type { ErrorCode } from '../errors/error-codes.ts';
import { FoveaError } from '../errors/errors.ts';
import { describeBytes, SUPPORTED_FORMATS } from './image-format.ts';
import type { ImageHeader } from './image-header.ts';

/** The codes with which reading a picture can fail. */
export const IMAGE_ERROR_CODES = [
  'image-empty',
  'image-too-large',
  'image-unsupported',
  'image-corrupt',
  'image-zero-size',
  'image-too-many-pixels',
  'image-too-many-frames',
] as const satisfies readonly ErrorCode[];
/** One of {@link IMAGE_ERROR_CODES}. */
export type ImageErrorCode = (typeof IMAGE_ERROR_CODES)[number];

const imageError = (
  code: ImageErrorCode,
  message: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): FoveaError => new FoveaError(code, message, { details, cause });

/** The error for a picture without bytes. */
export const imageEmpty = (): FoveaError =>
  imageError('image-empty', 'The picture is empty: 0 bytes. Send the bytes of a picture file.', {
    sizeBytes: 0,
  });

/** The error for a file beyond the limit. */
export const imageTooLarge = (sizeBytes: number, maxBytes: number): FoveaError =>
  imageError(
    'image-too-large',
    `The picture has ${sizeBytes} bytes; at most ${maxBytes} are allowed. Send a smaller or more compressed picture.`,
    { sizeBytes, maxBytes },
  );

/** The error for bytes of no supported format. */
export const imageUnsupported = (bytes: Uint8Array): FoveaError => {
  const received = describeBytes(bytes);
  return imageError(
    'image-unsupported',
    `This is not a picture of a supported format: it is ${received}. Convert it to one of ${SUPPORTED_FORMATS}.`,
    { received },
  );
};

/** The error for a picture of a supported format, but of a kind that cannot be decoded. */
export const imageKindUnsupported = (kind: string, cause?: unknown): FoveaError =>
  imageError(
    'image-unsupported',
    `${kind} cannot be read. Convert the picture to a usual JPEG or PNG.`,
    { received: kind },
    cause,
  );

/** The error for a picture whose numbers are no brightness from black to white: only its maker knows which are black and white. */
export const imageValuesUnsupported = (kind: string): FoveaError =>
  imageError(
    'image-unsupported',
    `${kind} cannot be read: it does not tell which values are black and white. Scale the values to 0..255, or to 0..65535, and save them as unsigned integers of 8 or 16 bits.`,
    { received: kind },
  );

/**
 * The error for a picture whose bytes are damaged.
 * @param reason a clause on what is damaged.
 */
export const imageCorrupt = (format: string, reason: string, cause?: unknown): FoveaError =>
  imageError(
    'image-corrupt',
    `The ${format.toUpperCase()} picture is damaged or incomplete: ${reason}. Export it again from its source.`,
    { format, reason },
    cause,
  );

/**
 * The error for a picture that the decoder cannot read. What the decoder said is in its details alone: of one picture it says now this, now
 * nothing, since other threads take its words.
 */
export const imageUnreadable = (format: string, reason: string, cause: unknown): FoveaError =>
  imageError(
    'image-corrupt',
    `The ${format.toUpperCase()} picture is damaged or incomplete: its data cannot be read. Export it again from its source.`,
    { format, reason },
    cause,
  );

/** The error for a picture with a good header that the decoder refuses. */
export const decodingError = (
  header: Pick<ImageHeader, 'format' | 'kind'>,
  reason: string,
  cause: unknown,
): FoveaError =>
  /has not been built in|unsupported/i.test(reason)
    ? imageKindUnsupported(`A ${header.kind} (${reason})`, cause)
    : imageUnreadable(header.format, reason, cause);

/** The error for a picture with a side of no pixels. */
export const imageZeroSize = (format: string, width: number, height: number): FoveaError =>
  imageError(
    'image-zero-size',
    `The ${format.toUpperCase()} picture is ${width} × ${height} pixels; both sides must be at least 1.`,
    { format, width, height },
  );

/**
 * The error for a picture with too many pixels.
 * @param maxPixels The limit for this kind of picture, which may be below the general one.
 */
export const imageTooManyPixels = (
  size: { readonly width: number; readonly height: number },
  maxPixels: number,
  kind: string,
): FoveaError =>
  imageError(
    'image-too-many-pixels',
    `The picture is ${size.width} × ${size.height} = ${size.width * size.height} pixels; ${kind} may have at most ${maxPixels}. Scale it down.`,
    { width: size.width, height: size.height, maxPixels },
  );

/** The error for an animation or a TIFF beyond the limit. */
export const imageTooManyFrames = (frames: number, maxFrames: number): FoveaError =>
  imageError(
    'image-too-many-frames',
    `The picture has ${frames} frames; at most ${maxFrames} are allowed. Only the first is used, so send it alone.`,
    { frames, maxFrames },
  );

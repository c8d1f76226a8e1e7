// The typed failures of a picture. Each says what was received, what is allowed and what to do.

import type { ErrorCode } from '../errors/error-codes.ts';
import { FoveaError } from '../errors/errors.ts';
import { describeBytes, SUPPORTED_FORMATS } from './image-format.ts';
import type { ImageHeader } from './image-header.ts';

/** Every code that reading a picture can fail with. */
export const IMAGE_ERROR_CODES = [
  'image-empty',
  'image-too-large',
  'image-unsupported',
  'image-corrupt',
  'image-zero-size',
  'image-too-many-pixels',
  'image-too-many-frames',
] as const satisfies readonly ErrorCode[];
export type ImageErrorCode = (typeof IMAGE_ERROR_CODES)[number];

const imageError = (
  code: ImageErrorCode,
  message: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): FoveaError => new FoveaError(code, message, { details, cause });

export const imageEmpty = (): FoveaError =>
  imageError('image-empty', 'The picture is empty: 0 bytes. Send the bytes of a picture file.', {
    sizeBytes: 0,
  });

export const imageTooLarge = (sizeBytes: number, maxBytes: number): FoveaError =>
  imageError(
    'image-too-large',
    `The picture has ${sizeBytes} bytes; at most ${maxBytes} are taken. Send a smaller or more compressed picture.`,
    { sizeBytes, maxBytes },
  );

export const imageUnsupported = (bytes: Uint8Array): FoveaError => {
  const received = describeBytes(bytes);
  return imageError(
    'image-unsupported',
    `This is no picture that can be read: it is ${received}. ${SUPPORTED_FORMATS} are read; convert it to one of them.`,
    { received },
  );
};

/** A supported format, of a kind that is not decoded. */
export const imageKindUnsupported = (kind: string, cause?: unknown): FoveaError =>
  imageError(
    'image-unsupported',
    `${kind} cannot be read. Convert the picture to a usual JPEG or PNG.`,
    { received: kind },
    cause,
  );

/** Numbers that are no brightness from black to white: which of them are black and white, only their maker knows. */
export const imageValuesUnsupported = (kind: string): FoveaError =>
  imageError(
    'image-unsupported',
    `${kind} cannot be read: which value is black and which is white is not said. Scale the values to 0..255, or to 0..65535, and save them as unsigned integers of 8 or 16 bits.`,
    { received: kind },
  );

export const imageCorrupt = (format: string, reason: string, cause?: unknown): FoveaError =>
  imageError(
    'image-corrupt',
    `The ${format.toUpperCase()} picture is damaged or incomplete: ${reason}. Export it again from its source.`,
    { format, reason },
    cause,
  );

/** What the decoder's own complaint about a picture with a good header amounts to. */
export const decodingError = (
  header: Pick<ImageHeader, 'format' | 'kind'>,
  reason: string,
  cause: unknown,
): FoveaError =>
  /has not been built in|unsupported/i.test(reason)
    ? imageKindUnsupported(`A ${header.kind} (${reason})`, cause)
    : imageCorrupt(header.format, reason, cause);

export const imageZeroSize = (format: string, width: number, height: number): FoveaError =>
  imageError(
    'image-zero-size',
    `The ${format.toUpperCase()} picture is ${width} × ${height} pixels; both sides must be at least 1.`,
    { format, width, height },
  );

/** @param maxPixels The limit for this kind of picture, which may be below the general one. */
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

export const imageTooManyFrames = (frames: number, maxFrames: number): FoveaError =>
  imageError(
    'image-too-many-frames',
    `The picture has ${frames} frames; at most ${maxFrames} are taken. Only the first is used: send it alone.`,
    { frames, maxFrames },
  );

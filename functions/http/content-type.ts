// Reads what a request says its body is, and decides what that stands for.

import { FoveaError } from '../../core/errors/errors.ts';

/** The media type in lower case, without parameters; empty where the header is missing. */
export function mediaTypeOf(request: Request): string {
  const header = request.headers.get('content-type');
  return header === null ? '' : header.replace(/;.*$/s, '').trim().toLowerCase();
}

/** Whether a media type stands for JSON: `application/json`, `text/json`, or one that ends in `+json`. */
export const isJson = (mediaType: string): boolean =>
  mediaType === 'text/json' || /^application\/([a-z.-]+\+)?json$/.test(mediaType);

/**
 * Whether a media type is one that clients send where nobody told them the type of the body: none, an urlencoded form
 * (`curl --data`), or text (`fetch` of a string).
 */
export const isUnlabeled = (mediaType: string): boolean =>
  mediaType === '' || mediaType === 'application/x-www-form-urlencoded' || mediaType === 'text/plain';

const BYTES = new Set(['application/octet-stream', 'binary/octet-stream', 'application/x-image']);
/** Whether a media type stands for the bytes of one picture. S3 calls bytes `binary/octet-stream`. */
export const isBytes = (mediaType: string): boolean => mediaType.startsWith('image/') || BYTES.has(mediaType);

const ARCHIVES = new Set([
  'application/zip',
  'application/x-zip-compressed',
  'application/gzip',
  'application/x-gzip',
  'application/x-gtar',
  'application/x-tgz',
  'application/x-tar',
  'application/x-compressed-tar',
]);
/** Whether a media type stands for an archive, or for bytes that may be one. Their first bytes say which. */
export const isArchive = (mediaType: string): boolean => ARCHIVES.has(mediaType) || BYTES.has(mediaType);

const OPENING_BRACE = 0x7b;
const WHITESPACE = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/** Whether bytes begin as a JSON object does, which no picture does. White space and a byte order mark may precede it. */
export const beginsAsJson = (bytes: Uint8Array): boolean =>
  bytes.find((byte) => !WHITESPACE.has(byte)) === OPENING_BRACE;

/**
 * The error `content-type-unsupported`, naming the type that was received and those that are allowed.
 * @param mediaType as {@link mediaTypeOf} gives it.
 */
export function unsupportedContentType(mediaType: string, allowed: readonly string[]): FoveaError {
  const received =
    mediaType === '' ? 'The request has no Content-Type' : `The Content-Type "${mediaType.slice(0, 80)}"`;
  const verb = mediaType === '' ? ', which is needed here' : ' is not taken here';
  return new FoveaError('content-type-unsupported', `${received}${verb}: send ${allowed.join(', ')}.`, {
    param: 'Content-Type',
    details: { received: mediaType, allowed },
  });
}

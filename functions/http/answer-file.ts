// Answers with a file: what its client has already is not sent again (ETag, If-None-Match), and a download that broke off goes on
// (Range, If-Range). The file is read only as far as it is sent.

import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import rangeParser from 'range-parser';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';

/** Bytes of a file, both ends inclusive. */
export interface FileRange {
  readonly start: number;
  readonly end: number;
}

/** A file, and how it is answered. */
export interface AnsweredFile {
  /** From {@link entityTag}. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Reads a part. Not called for HEAD, nor where the client has the file already. */
  readonly read: (range: FileRange) => ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
}

/** Whoever has the file asks each time whether it is still the same. Caches that others share must not keep it. */
export const ASK_AGAIN = 'private, no-cache';

const TAG_CHARACTERS = 32;

/** A strong entity tag of whatever a file depends on, e.g. the etag of its object and the size of a thumbnail. */
export const entityTag = (...parts: readonly (string | number)[]): string =>
  `"${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, TAG_CHARACTERS)}"`;

/**
 * The answer: 200, 206 for one range, or 304. Several ranges at once are answered with the whole file, as RFC 9110 allows.
 * @throws {FoveaError} `range-not-satisfiable`, answered with 416.
 */
export function answerFile(c: Context<AppEnv>, file: AnsweredFile): Response {
  const { etag, sizeBytes, contentType, cacheControl, headers, read } = file;
  const facts = { ETag: etag, 'Cache-Control': cacheControl };
  if (names(c.req.header('If-None-Match'), etag)) return c.body(null, 304, facts);
  const range = readRange(c, file);
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
  const isWhole = range === undefined;
  const fields = {
    ...headers,
    ...facts,
    'Accept-Ranges': 'bytes',
    'Content-Type': contentType,
    'Content-Length': String(end - start + 1),
    ...(isWhole ? {} : { 'Content-Range': `bytes ${start}-${end}/${sizeBytes}` }),
  };
  const status = isWhole ? 200 : 206;
  if (c.req.method === 'HEAD' || sizeBytes === 0) return c.body(null, status, fields);
  return c.body(read({ start, end }), status, fields);
}

/** Whether a list of entity tags has one; their strength does not matter (RFC 9110, 13.1.2). */
export function names(list: string | undefined, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return (list?.split(',') ?? []).some((tag) => tag.trim() === '*' || opaque(tag) === opaque(etag));
}

/** The one range that is asked for; `undefined` for the whole file. */
function readRange(c: Context<AppEnv>, { etag, sizeBytes }: AnsweredFile): FileRange | undefined {
  const asked = c.req.header('Range');
  const onlyIf = c.req.header('If-Range');
  // Of another state, a part is no use. A date says too little: it is taken for another state.
  if (asked === undefined || (onlyIf !== undefined && onlyIf !== etag)) return undefined;
  const ranges = rangeParser(sizeBytes, asked);
  if (ranges === -1) {
    c.header('Content-Range', `bytes */${sizeBytes}`);
    throw new FoveaError(
      'range-not-satisfiable',
      `The header Range is ${JSON.stringify(asked.slice(0, 80))}, and the file has ${sizeBytes} bytes. Ask for bytes that it has, or for all.`,
      { param: 'Range', details: { size_bytes: sizeBytes } },
    );
  }
  // What cannot be read is ignored, as if it were not there.
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}

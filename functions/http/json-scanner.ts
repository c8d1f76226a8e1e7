// Bounds on JSON that hold while it comes in, before anything is made of it. Knows no grammar: what is no JSON at all, the
// parser finds out.

import { FoveaError } from '../../core/errors.ts';

export interface JsonBounds {
  /** Lists and objects within each other. */
  readonly depth: number;
  /** Values of all lists and objects together. */
  readonly values: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What a byte outside of strings does to the number of values and to the depth. */
const VALUES = new Uint8Array(256);
const DEPTHS = new Int8Array(256);
for (const comma of Buffer.from(',')) VALUES[comma] = 1;
for (const opening of Buffer.from('[{')) VALUES[opening] = DEPTHS[opening] = 1;
for (const closing of Buffer.from(']}')) DEPTHS[closing] = -1;

/**
 * Takes the chunks of a JSON text one after another.
 *
 * A schema looks at every value, and has a problem to tell of each that is wrong: of millions, more than the memory holds.
 * @throws {FoveaError} `request-invalid`, from the chunk in which a bound is passed.
 */
export function createJsonScanner(bounds: JsonBounds): (chunk: Uint8Array) => void {
  let isString = false;
  let isEscaped = false;
  let depth = 0;
  let values = 0;

  /** Where the string that goes on at `start` ends, or the chunk does. */
  function skipString(chunk: Buffer, start: number): number {
    let quoteAt = -1;
    for (let at = start; at < chunk.length; ) {
      if (isEscaped) {
        isEscaped = false;
        at += 1;
        continue;
      }
      if (quoteAt < at) quoteAt = chunk.indexOf(QUOTE, at);
      const end = quoteAt === -1 ? chunk.length : quoteAt;
      const slash = chunk.subarray(at, end).indexOf(BACKSLASH);
      if (slash === -1) {
        isString = quoteAt === -1;
        return isString ? end : end + 1;
      }
      isEscaped = true;
      at += slash + 1;
    }
    return chunk.length;
  }

  function count(byte: number): void {
    values += VALUES[byte] ?? 0;
    depth += DEPTHS[byte] ?? 0;
    if (depth > bounds.depth) throw beyond('lists and objects within each other', bounds.depth);
    if (values > bounds.values) throw beyond('values', bounds.values);
  }

  return (bytes) => {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = isString ? skipString(chunk, 0) : 0;
    while (at < chunk.length) {
      const byte = chunk[at] ?? 0;
      at += 1;
      if (byte === QUOTE) {
        isString = true;
        at = skipString(chunk, at);
      } else count(byte);
    }
  };
}

const beyond = (what: string, allowed: number) =>
  new FoveaError('request-invalid', `The request body has more than ${allowed} ${what}.`, {
    details: { allowed },
  });

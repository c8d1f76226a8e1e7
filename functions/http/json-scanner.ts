// Enforces bounds on JSON while it arrives, before anything is made of it. Knows no grammar: the parser finds out what is
// not JSON.

import { FoveaError } from '../../core/errors/errors.ts';

/** How deep and how long a JSON text may be. */
export interface JsonBounds {
  /** Most lists and objects that are nested in each other. */
  readonly depth: number;
  /** Most values of all lists and objects together. */
  readonly values: number;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPENING_BRACKET, CLOSING_BRACKET] = [0x5b, 0x5d];
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d];
/** Digits and white space are below all brackets. */
const BEFORE_BRACKETS = 0x5a;

/**
 * A function that takes the chunks of a JSON text one after another.
 * Without bounds, a schema would look at every value and report each that is wrong: with millions, more than the memory
 * holds.
 * @throws {FoveaError} `request-invalid`, at the chunk in which a bound is exceeded.
 */
export function createJsonScanner(bounds: JsonBounds): (chunk: Uint8Array) => void {
  let isString = false;
  let isEscaped = false;
  let depth = 0;
  let values = 0;

  function count(byte: number): void {
    if (byte === COMMA) values += 1;
    else if (byte === OPENING_BRACKET || byte === OPENING_BRACE) {
      values += 1;
      depth += 1;
    } else if (byte === CLOSING_BRACKET || byte === CLOSING_BRACE) depth -= 1;
    if (depth > bounds.depth) throw beyond('lists and objects nested in each other', bounds.depth);
    if (values > bounds.values) throw beyond('values', bounds.values);
  }

  // Tens of millions of bytes pass here, so most of them cause no call.
  return (chunk) => {
    let inString = isString;
    let afterBackslash = isEscaped;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (inString) {
        if (afterBackslash) afterBackslash = false;
        else if (byte === BACKSLASH) afterBackslash = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      // Only commas and brackets count.
      else if (byte === COMMA || byte > BEFORE_BRACKETS) count(byte);
    }
    isString = inString;
    isEscaped = afterBackslash;
  };
}

const beyond = (what: string, allowed: number) =>
  new FoveaError('request-invalid', `The request body has more than ${allowed} ${what}.`, {
    details: { allowed },
  });

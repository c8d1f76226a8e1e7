// Bounds on JSON that hold while it comes in, before anything is made of it. Knows no grammar: what is no JSON at all, the
// parser finds out.

import { FoveaError } from '../../core/errors/errors.ts';

export interface JsonBounds {
  /** Lists and objects within each other. */
  readonly depth: number;
  /** Values of all lists and objects together. */
  readonly values: number;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPENING_BRACKET, CLOSING_BRACKET] = [0x5b, 0x5d];
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d];
/** Digits and white space are below all brackets. */
const BEFORE_BRACKETS = 0x5a;

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

  function count(byte: number): void {
    if (byte === COMMA) values += 1;
    else if (byte === OPENING_BRACKET || byte === OPENING_BRACE) {
      values += 1;
      depth += 1;
    } else if (byte === CLOSING_BRACKET || byte === CLOSING_BRACE) depth -= 1;
    if (depth > bounds.depth) throw beyond('lists and objects within each other', bounds.depth);
    if (values > bounds.values) throw beyond('values', bounds.values);
  }

  // Tens of millions of bytes pass here: nothing is called for most of them.
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
      // All that count are commas and brackets.
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

// Which keys are allowed and how keys are ordered: rules that all drivers share. Knows nothing of what keys mean.

import { FoveaError } from '../errors/errors.ts';

/** A folder at the top of a store that is reserved for drivers; no key lies in it. */
export const RESERVED_FOLDER = '.fovea-store';

/** S3's own limit, held by every driver so that a local store can be copied to S3. */
const MAX_KEY_BYTES = 1024;

/** The character in a listed key that stands for bytes of a file name that are not UTF-8. No object can be read under such a key. */
export const NOT_UTF8 = '\uFFFD';

const LONE_SURROGATE = /\p{Surrogate}/u;

const flawOf = (key: string): string | undefined => {
  if (key === '') return 'it is empty';
  if (key.includes('\0')) return 'it holds a NUL character';
  if (LONE_SURROGATE.test(key)) return 'it holds half a surrogate pair and so has no UTF-8 form';
  const segments = key.split('/');
  if (segments.includes('')) return 'it holds an empty segment (a "/" at its start or end, or "//")';
  if (segments.some((segment) => segment === '.' || segment === '..'))
    return 'it holds a "." or ".." segment';
  if (segments[0] === RESERVED_FOLDER) return `"${RESERVED_FOLDER}/" is kept for the store itself`;
  return undefined;
};

/**
 * Refuses a key that not every driver can store.
 *
 * @throws {FoveaError} `key-invalid` or `key-too-long` (over {@link MAX_KEY_BYTES} bytes of UTF-8).
 */
export function assertKey(key: string): void {
  const flaw = flawOf(key);
  if (flaw !== undefined) {
    throw new FoveaError(
      'key-invalid',
      `${JSON.stringify(key)} cannot be an object key: ${flaw}. Keys are non-empty names joined by single slashes.`,
      { param: key },
    );
  }
  const sizeBytes = Buffer.byteLength(key);
  if (sizeBytes > MAX_KEY_BYTES) {
    throw new FoveaError(
      'key-too-long',
      `The object key "${key.slice(0, 80)}…" takes ${sizeBytes} bytes of UTF-8; at most ${MAX_KEY_BYTES} are allowed. Shorten it.`,
      { param: key, details: { sizeBytes, maxSizeBytes: MAX_KEY_BYTES } },
    );
  }
}

/**
 * Refuses a `prefix` for `listFolders` that does not end at a folder.
 *
 * @throws {FoveaError} `key-invalid`
 */
export function assertFolderPrefix(prefix: string): void {
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new FoveaError('key-invalid', `The folder prefix "${prefix}" must be empty or end in "/".`, {
      param: prefix,
    });
  }
}

/**
 * Refuses a `prefix` for `eraseAll` that is not a folder, or is the whole store.
 *
 * @throws {FoveaError} `key-invalid`
 */
export function assertErasable(prefix: string): void {
  assertFolderPrefix(prefix);
  if (prefix === '')
    throw new FoveaError('key-invalid', 'A whole store cannot be erased. Name a folder that ends in "/".', {
      param: prefix,
    });
}

/** Surrogates (code points above U+FFFF) sort after the units U+E000 to U+FFFF, as they do in UTF-8. */
const utf8Rank = (unit: number): number => {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
};

/** Order of two strings by their UTF-8 bytes, S3's order of keys; JavaScript's own `<` compares UTF-16 units. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return utf8Rank(left) - utf8Rank(right);
  }
  return a.length - b.length;
}

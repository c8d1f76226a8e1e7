// Secrets of API keys: how they are made, and how they are compared. Only their hashes are stored.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { KEY_NAME_PATTERN } from './key-record.ts';

const SECRET_BYTES = 32;
/** The name, then 32 bytes as base64url. The last part has a fixed length, so that names may have `_`. */
const SECRET = new RegExp(`^fovea_(${KEY_NAME_PATTERN})_[A-Za-z0-9_-]{43}$`);

/** A new secret of the key of this name: `fovea_<name>_<256 random bits>`. */
export const createSecret = (name: string): string =>
  `fovea_${name}_${randomBytes(SECRET_BYTES).toString('base64url')}`;

/** The name of the key whose secret this may be; undefined where it has not the form of one. */
export const nameInSecret = (secret: string): string | undefined => SECRET.exec(secret)?.[1];

/**
 * The hash that is stored, in hexadecimal digits. One round of SHA-256 is enough: slow hashes protect passwords that can be guessed, and
 * nobody guesses 256 random bits.
 */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Whether two hashes are the same; the time that it takes does not tell where they differ. */
export const isSameHash = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

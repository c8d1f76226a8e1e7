// Hashes of content: sha256, in hexadecimal.

import { createHash } from 'node:crypto';

/** The sha256 of some bytes, as 64 hexadecimal digits. */
export const contentHashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

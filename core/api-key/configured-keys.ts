// API keys that the operator keeps outside of the store: in a file, a variable or a secret of the cloud. They have scope `admin`, and
// so they create the others.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FindKey } from './known-key.ts';

/** Gives the keys that are valid now, by their names. */
export type ConfiguredKeys = () => Promise<Readonly<Record<string, string>>>;

const digest = (text: string) => createHash('sha256').update(text).digest();

/**
 * Finds keys among the configured ones. Compares with every key to its end, so that the time reveals nothing; hashing makes all of them
 * equally long. An empty key is none.
 */
export function findConfigured(keys: ConfiguredKeys): FindKey {
  return async (secret) => {
    const wanted = digest(secret);
    let found: string | undefined;
    for (const [name, key] of Object.entries(await keys())) {
      const isSame = timingSafeEqual(digest(key), wanted);
      if (isSame && key !== '') found ??= name;
    }
    return found === undefined ? undefined : { name: found, scopes: ['admin'] };
  };
}

// Tells whether a store keeps its promise of conditional writes, on which leases rest. Servers that speak S3 may ignore conditions, and
// then two workers would train one job. Knows nothing of what is stored.

import { FoveaError } from '../errors/errors.ts';
import { type ObjectStore, PreconditionFailedError } from './object-store.ts';

/**
 * Creates a small object, tries to create and to replace it against a condition that does not hold, and deletes it.
 * @param key of an object that is not there; each caller needs one of its own.
 * @throws {FoveaError} `storage-unconditional` where the store wrote all the same; what the store throws.
 */
export async function checkConditionalWrites(store: ObjectStore, key: string): Promise<void> {
  const { etag } = await store.put(key, 'first', { ifNoneMatch: '*' });
  try {
    await expectRefusal(store, 'If-None-Match: *', () => store.put(key, 'second', { ifNoneMatch: '*' }));
    const changed = await store.put(key, 'third', { ifMatch: etag });
    if (changed.etag !== etag)
      await expectRefusal(store, 'If-Match', () => store.put(key, 'fourth', { ifMatch: etag }));
  } finally {
    await store.delete(key);
  }
}

async function expectRefusal(
  store: ObjectStore,
  header: string,
  write: () => Promise<unknown>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (error instanceof PreconditionFailedError) return;
    throw error;
  }
  throw new FoveaError(
    'storage-unconditional',
    `The server of "${store.url}" wrote an object although the condition of the request (${header}) did not hold, so two workers could ` +
      'take one job. Use a server with conditional writes, and a version that has them.',
    { param: store.url, details: { header } },
  );
}

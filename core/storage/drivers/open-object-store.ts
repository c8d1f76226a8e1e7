// Opens the object store that a URL names. Knows nothing of where the URL comes from.

import { fileURLToPath } from 'node:url';
import { FoveaError } from '../../errors/errors.ts';
import type { ObjectStore } from '../object-store.ts';
import type { S3ClientOptions } from './s3/s3-target.ts';

/** Bucket and folder of `s3://bucket/prefix`; `undefined` for any other URL. */
export function parseS3Url(url: string): { readonly bucket: string; readonly prefix: string } | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 's3:' || parsed.hostname === '') return undefined;
  return { bucket: parsed.hostname, prefix: decodeURIComponent(parsed.pathname) };
}

/**
 * Opens the store that a URL names: `file:///folder`, `s3://bucket` or `s3://bucket/prefix`, `memory:` (a new, empty
 * one each time). Loads only the driver that the URL needs, so local runs never load the S3 SDK. Does no other I/O.
 *
 * @throws {FoveaError} `storage-url-invalid`
 */
export async function openObjectStore(
  url: string,
  options: { readonly s3?: S3ClientOptions } = {},
): Promise<ObjectStore> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'file:' && parsed.host === '') {
    const { createFilesystemStore } = await import('./filesystem.ts');
    return createFilesystemStore({ root: fileURLToPath(parsed) });
  }
  const address = parseS3Url(url);
  if (address !== undefined) {
    const { createS3Store } = await import('./s3.ts');
    return createS3Store({ ...options.s3, ...address });
  }
  if (parsed?.protocol === 'memory:') {
    const { createMemoryStore } = await import('./memory.ts');
    return createMemoryStore();
  }
  throw new FoveaError(
    'storage-url-invalid',
    `"${url}" is not the URL of an object store. Allowed are file:///absolute/folder, s3://bucket/prefix and memory: ` +
      '(for a folder, give its absolute path as a file: URL).',
    { details: { url } },
  );
}

// Reads the manifest of a stored model. Whatever is wrong with it becomes one typed error.

import { FoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { parseStored } from '../storage/parse-stored.ts';
import { MANIFEST, type Manifest } from './manifest.ts';

/** Name of the manifest's file. */
export const MANIFEST_FILE = 'manifest.json';

/** A manifest with its etag. */
export interface StoredManifest {
  readonly manifest: Manifest;
  readonly etag: string;
}

/**
 * Reads the manifest of a version; `undefined` where that version was never committed.
 * @throws {FoveaError} `model-corrupt` where it cannot be read, `format-newer` where a newer Fovea wrote it.
 */
export async function findManifest(
  store: ObjectStore,
  model: string,
  version: string,
): Promise<StoredManifest | undefined> {
  const key = keys.modelFile(model, version, MANIFEST_FILE);
  const stored = await store.get(key);
  if (stored === undefined) return undefined;
  return { manifest: parseManifest(stored.body, key), etag: stored.etag };
}

/**
 * Reads the manifest of a committed version.
 * @throws {FoveaError} `model-version-not-found`, and what {@link findManifest} throws.
 */
export async function readManifest(store: ObjectStore, model: string, version: string): Promise<Manifest> {
  const found = await findManifest(store, model, version);
  if (found === undefined) {
    throw new FoveaError('model-version-not-found', `Model "${model}" has no version "${version}".`, {
      param: 'version',
      details: { model, version },
    });
  }
  return found.manifest;
}

/** @throws {FoveaError} `model-corrupt` or `format-newer`, naming the object key. */
function parseManifest(body: Uint8Array, key: string): Manifest {
  const parsed = parseStored(MANIFEST, key, body);
  if ('value' in parsed) return parsed.value;
  throw corrupt(key, parsed.problem, parsed.cause);
}

function corrupt(key: string, problem: string, cause: unknown): FoveaError {
  return new FoveaError(
    'model-corrupt',
    `The model manifest "${key}" cannot be used: ${problem}. Restore that object from a backup, name another version, ` +
      'or train the model again.',
    { param: 'model', details: { key }, cause },
  );
}

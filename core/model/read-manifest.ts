// Reads what a stored model says of itself, and turns every way in which that can be wrong into one typed error.

import type { z } from 'zod';
import { FoveaError } from '../errors.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { MANIFEST_FORMAT_VERSION, type Manifest, ManifestSchema } from './manifest.ts';

export const MANIFEST_FILE = 'manifest.json';

/** A manifest and the etag under which it was read. */
export interface StoredManifest {
  readonly manifest: Manifest;
  readonly etag: string;
}

/**
 * The manifest of a version, or `undefined` where that version was never committed.
 * @throws {FoveaError} `model-corrupt` where it cannot be read, `model-format-newer` where a newer Fovea wrote it.
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
 * The manifest of a committed version.
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

/** @throws {FoveaError} `model-corrupt` or `model-format-newer`, naming the object key. */
function parseManifest(body: Uint8Array, key: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw corrupt(key, 'it is not JSON', cause);
  }
  const formatVersion = formatVersionOf(value);
  if (formatVersion !== undefined && formatVersion > MANIFEST_FORMAT_VERSION) {
    throw new FoveaError(
      'model-format-newer',
      `The model manifest "${key}" has format ${formatVersion}; this version of Fovea reads up to ` +
        `${MANIFEST_FORMAT_VERSION}. Upgrade Fovea, or name an older version of the model.`,
      { param: 'model', details: { key, formatVersion, supported: MANIFEST_FORMAT_VERSION } },
    );
  }
  const parsed = ManifestSchema.safeParse(value);
  if (!parsed.success) throw corrupt(key, listIssues(parsed.error), parsed.error);
  return parsed.data;
}

function formatVersionOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('formatVersion' in value)) return undefined;
  return typeof value.formatVersion === 'number' ? value.formatVersion : undefined;
}

const listIssues = (error: z.ZodError) =>
  error.issues.map((issue) => `${issue.path.join('.') || '(whole)'}: ${issue.message}`).join('; ');

function corrupt(key: string, problem: string, cause: unknown): FoveaError {
  return new FoveaError(
    'model-corrupt',
    `The model manifest "${key}" cannot be used: ${problem}. Restore that object from a backup, name another version, ` +
      'or train the model again.',
    { param: 'model', details: { key }, cause },
  );
}

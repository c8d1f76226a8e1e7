// Pictures of the installation's own bucket that a request names as `s3://bucket/key`: those that people put there, and no record, model or key.

import type { Context } from 'hono';
import { toInputKey } from '../../core/batch-prediction/input-key.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppEnv } from '../deps/deps.ts';
import { type NamedFiles, UPLOADS } from './read-uploads.ts';
import { requireNamed } from './require-names.ts';
import { DATASET_SCOPE, requireScopeFor } from './require-scope.ts';

const isS3Url = (name: string): boolean => name.startsWith('s3://');

/** Uploads by the keys that the server gave, and objects of the bucket by their addresses. @param storeUrl URL of the store. */
export function uploadsAndObjects(storeUrl: string): NamedFiles {
  return {
    toKey(name, param) {
      if (!isS3Url(name)) return UPLOADS.toKey(name, param);
      const found = toInputKey(storeUrl, name);
      if ('problem' in found) return new FoveaError('image-key-invalid', found.problem, { param });
      if (!found.key.endsWith('/')) return found.key;
      return new FoveaError('image-key-invalid', `${name} is a folder. Name one picture in it.`, { param });
    },
    missing: (name, param) =>
      isS3Url(name)
        ? new FoveaError(
            'picture-not-found',
            `There is no object ${name}. Put it there, or correct the address.`,
            {
              param,
            },
          )
        : UPLOADS.missing(name, param),
  };
}

/**
 * Keeps keys that may not see pictures of datasets from these, and those that are limited to datasets from what lies outside of them.
 * Uploads are open to all who know their keys.
 * @throws {FoveaError} `scope-missing`, `key-limited`.
 */
export function requireObjects(c: Context<AppEnv>, storeUrl: string, names: readonly string[]): void {
  for (const name of names.filter(isS3Url)) {
    const found = toInputKey(storeUrl, name);
    if ('problem' in found || found.key.startsWith(keys.uploads())) continue;
    if (found.key.startsWith(keys.datasets())) {
      requirePicturesOf(c, found.key.slice(keys.datasets().length).split('/')[0]);
      continue;
    }
    const key = c.get('apiKey');
    if (key?.datasets === undefined) continue;
    throw new FoveaError(
      'key-limited',
      `The API key "${key.name}" is limited to some datasets, and ${name} is in none. Ask the operator of this installation for a key that may.`,
      { param: 'Authorization', details: { key: key.name } },
    );
  }
}

/**
 * For requests that read pictures of a dataset.
 * @throws {FoveaError} `scope-missing`, `key-limited`.
 */
export function requirePicturesOf(c: Context<AppEnv>, dataset: string | undefined): void {
  requireScopeFor(c, DATASET_SCOPE);
  requireNamed(c, { dataset });
}

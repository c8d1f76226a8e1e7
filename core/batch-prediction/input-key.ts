// Which objects of a store a batch prediction may read: pictures that people put there, and no record, model or key.

import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import { assertKey } from '../storage/object-key.ts';

const OPEN = [keys.uploads(), keys.inputs()];
const READABLE = [keys.datasets(), ...OPEN];
const SHOWN_CHARACTERS = 200;
const UPLOAD_ID = /^upload-[0-9a-f-]{36}$/;

/** The error `batch-input-invalid`. */
export const inputInvalid = (
  message: string,
  param: string,
  details?: Readonly<Record<string, unknown>>,
): FoveaError =>
  new FoveaError('batch-input-invalid', message, { param, ...(details === undefined ? {} : { details }) });

/**
 * The key or the prefix in the store that a request names: as it is, as the id of an upload, or as `s3://bucket/key` of the store's own
 * bucket.
 * @param storeUrl URL of the store.
 * @param mayReadDatasets whether pictures of datasets may be named. Default: they may.
 * @returns the key, or what is wrong with the name, in a sentence.
 */
export function toInputKey(
  storeUrl: string,
  named: string,
  mayReadDatasets = true,
): { readonly key: string } | { readonly problem: string } {
  const shown = JSON.stringify(named.slice(0, SHOWN_CHARACTERS));
  const readable = mayReadDatasets ? READABLE : OPEN;
  const allowed = readable.map((prefix) => `"${prefix}"`).join(', ');
  const root = `${storeUrl.replace(/\/+$/, '')}/`;
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(named);
  if (isUrl && !(named.startsWith('s3://') && named.startsWith(root)))
    return {
      problem: `${shown} is outside of this installation's store. Name a key below ${allowed}, or an s3:// address in its own bucket.`,
    };
  const key = isUrl ? named.slice(root.length) : UPLOAD_ID.test(named) ? keys.upload(named) : named;
  if (!readable.some((prefix) => `${key}/`.startsWith(prefix)))
    return { problem: `${shown} is not below ${allowed}.` };
  try {
    assertKey(key.replace(/\/$/, ''));
  } catch (error) {
    if (!isFoveaError(error)) throw error;
    return { problem: error.message };
  }
  return { key };
}

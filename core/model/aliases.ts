// Records of one alias each, changed by compare-and-swap. `latest` is one; the others are in the live record.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { isVersionNumber } from './model-name.ts';

/** A number before all versions; no version has it. */
const BEFORE_ALL = '0';

const ALIAS = { ...FORMATS.alias, schema: z.object({ version: z.string().refine(isVersionNumber) }) };

/**
 * Reads the version that an alias stands for; `undefined` where there is no such alias.
 * @throws {FoveaError} `record-invalid`, naming the key, where the record cannot be read.
 */
export async function readAlias(
  store: ObjectStore,
  model: string,
  alias: string,
): Promise<string | undefined> {
  return (await readJson(store, keys.modelAlias(model, alias), ALIAS))?.value.version;
}

/**
 * Makes an alias stand for `version`, if `mayMove` agrees to leave its current version. A damaged record stands for version 0.
 * @returns the version that the alias stands for afterwards.
 */
export async function moveAlias(
  store: ObjectStore,
  model: string,
  alias: string,
  version: string,
  mayMove: (current: string) => boolean = () => true,
): Promise<string> {
  const key = keys.modelAlias(model, alias);
  try {
    await createJson(store, key, ALIAS, { version });
    return version;
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
  }
  const moved = await updateJson(
    store,
    key,
    ALIAS,
    (current) => (mayMove(current.version) ? { ...current, version } : undefined),
    { ifInvalid: { version: BEFORE_ALL } },
  );
  return moved.value.version;
}

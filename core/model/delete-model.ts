// Deletes versions and models for good: nothing of them is left, also no earlier version of an object. What is about to go is in the live
// record first, so that nobody uses it, and a deletion that was interrupted can be asked for again.

import { FoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { moveAlias } from './aliases.ts';
import { assertRenamed, changeModel } from './change-aliases.ts';
import { holdersOf, LATEST_ALIAS, LIVE_ALIAS, type LiveRecord, readLiveRecord } from './live-record.ts';
import { isVersionNumber } from './model-name.ts';
import { MANIFEST_FILE } from './read-manifest.ts';
import { listVersions, resolveVersion } from './versions.ts';

/**
 * Deletes a version. Its number is not given out again.
 * @param version a number.
 * @throws {FoveaError} `model-not-found`, `model-version-not-found`; `model-version-in-use` where it is live or the canary, or an alias
 *   names it; `model-in-use` while the model is renamed.
 */
export async function deleteVersion(store: ObjectStore, model: string, version: string): Promise<void> {
  const isBegun = (await listNumbers(store, model)).includes(version);
  const record = await readLiveRecord(store, model);
  if (!isBegun || !record?.deleted.includes(version)) await resolveVersion(store, model, version);
  await changeModel(store, model, (current) => {
    const holders = holdersOf(current, version);
    if (holders.length > 0) throw versionInUse(model, version, holders);
    if (current.deleted.includes(version)) return undefined;
    const history = current.history.filter((entry) => entry.version !== version);
    return { ...current, history, deleted: [...current.deleted, version] };
  });
  await eraseVersion(store, model, version);
  const newest = (await listVersions(store, model)).at(-1);
  if (newest !== undefined)
    await moveAlias(store, model, LATEST_ALIAS, newest, (current) => current === version);
}

/**
 * Whether a version is all that there is of a model: no other version, no alias of a user's own.
 * @param version a number.
 * @throws {FoveaError} `record-invalid`, `format-newer`.
 */
export async function isWholeModel(store: ObjectStore, model: string, version: string): Promise<boolean> {
  const [only, ...others] = await listVersions(store, model);
  if (only !== version || others.length > 0) return false;
  return holdersOf(await readLiveRecord(store, model), version).every((name) => name === LIVE_ALIAS);
}

/**
 * Deletes a model with all its versions and aliases.
 * @throws {FoveaError} `model-not-found`, also by a name that a rename does not show yet; `model-in-use` while it is renamed.
 */
export async function deleteModel(store: ObjectStore, model: string): Promise<void> {
  const record = await readLiveRecord(store, model);
  if (!isHalfDeleted(record)) await resolveVersion(store, model);
  const versions = await listNumbers(store, model);
  await changeModel(store, model, (current) => {
    assertRenamed(model, current);
    return withoutAll(current, versions);
  });
  await eraseVersions(store, model, versions);
}

/** Whether the deletion of a model has begun and is not over. What a rename copies has no version yet either. */
export const isHalfDeleted = (record: LiveRecord | undefined): boolean =>
  record !== undefined && record.version === undefined && record.renamingFrom === undefined;

/** The record of a model of which everything goes. */
export const withoutAll = (record: LiveRecord, versions: readonly string[]): LiveRecord => ({
  revision: record.revision,
  history: [],
  aliases: {},
  deleted: [...new Set([...record.deleted, ...versions])],
});

/** The numbers of all versions, also of those that were claimed and never committed. */
export async function listNumbers(store: ObjectStore, model: string): Promise<string[]> {
  const numbers: string[] = [];
  for await (const folder of store.listFolders(keys.model(model))) {
    if (isVersionNumber(folder)) numbers.push(folder);
  }
  return numbers;
}

/** Erases versions that the record says are deleted, and the model itself where no other version has come meanwhile. */
export async function eraseVersions(
  store: ObjectStore,
  model: string,
  versions: readonly string[],
): Promise<void> {
  for (const version of versions) await store.erase(keys.modelFile(model, version, MANIFEST_FILE));
  for (const version of versions) await eraseVersion(store, model, version);
  const record = await readLiveRecord(store, model);
  const isReserved = record?.renamingFrom !== undefined;
  const isGone =
    !isReserved && record?.version === undefined && (await listNumbers(store, model)).length === 0;
  if (isGone) await store.eraseAll(keys.modelAliases(model));
}

/** Without its manifest a version does not exist, so that goes first. */
async function eraseVersion(store: ObjectStore, model: string, version: string): Promise<void> {
  await store.erase(keys.modelFile(model, version, MANIFEST_FILE));
  await store.eraseAll(`${keys.model(model)}${version}/`);
}

const versionInUse = (model: string, version: string, holders: readonly string[]) =>
  new FoveaError(
    'model-version-in-use',
    `Version "${version}" of model "${model}" was not deleted: ${holders.map((name) => `"${name}"`).join(', ')} ${
      holders.length === 1 ? 'stands' : 'stand'
    } for it. ${holders.includes(LIVE_ALIAS) ? 'Promote another version first, or delete the model.' : 'Move or remove that first.'}`,
    { param: 'version', details: { model, version, aliases: [...holders] } },
  );

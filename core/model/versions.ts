// Which models and versions exist, and which version an alias names. A version exists exactly when its manifest does.

import { filterConcurrently } from '../concurrently.ts';
import { FoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { takePage } from '../storage/take-page.ts';
import { readAlias } from './aliases.ts';
import {
  CANARY_ALIAS,
  isHidden,
  LATEST_ALIAS,
  LIVE_ALIAS,
  type LiveRecord,
  readableLiveRecord,
  readLiveRecord,
} from './live-record.ts';
import { isModelName, isVersionNumber } from './model-name.ts';
import { MANIFEST_FILE } from './read-manifest.ts';

/** A model with at least one committed version. */
export interface ModelVersions {
  readonly model: string;
  /** Committed versions, oldest first; never empty. */
  readonly versions: readonly string[];
}

/** Models whose records are read at once where all are listed. */
const GROUP = 50;

/**
 * Lists models that have a committed version, in the order of their keys, by one listing that ends soon behind the page. Of a model that is
 * being renamed, one of both names is listed.
 * @param options `after`: only models after this one; `limit`: their largest number; `isSeen`: whether
 *   a model is listed, default: all; `withHidden`: both names of one that is being renamed.
 */
export async function listModels(
  store: ObjectStore,
  {
    after,
    limit = Number.POSITIVE_INFINITY,
    isSeen = () => true,
    withHidden = false,
  }: {
    readonly after?: string | undefined;
    readonly limit?: number;
    readonly isSeen?: (model: string) => boolean;
    readonly withHidden?: boolean;
  } = {},
): Promise<{ readonly models: readonly ModelVersions[]; readonly hasMore: boolean }> {
  const all = committedModels(store, { after, isSeen });
  const shown = ({ model }: ModelVersions) => isShown(store, model);
  const groupSize = Number.isFinite(limit) ? limit + 1 : GROUP;
  const models = withHidden ? all : filterConcurrently(all, shown, groupSize);
  const { items, hasMore } = await takePage(models, limit);
  return { models: items, hasMore };
}

/** A damaged record hides nothing. */
async function isShown(store: ObjectStore, model: string): Promise<boolean> {
  return !(await isHidden(store, model, await readableLiveRecord(store, model)));
}

async function* committedModels(
  store: ObjectStore,
  { after, isSeen }: { readonly after: string | undefined; readonly isSeen: (model: string) => boolean },
): AsyncGenerator<ModelVersions> {
  let current: { readonly model: string; readonly versions: string[] } | undefined;
  const start = after === undefined ? {} : { startAfter: keys.afterModel(after) };
  for await (const { key } of store.list(keys.models(), start)) {
    const [, model, version, file, ...rest] = key.split('/');
    if (model === undefined || version === undefined || file !== MANIFEST_FILE || rest.length > 0) continue;
    if (!isModelName(model) || !isVersionNumber(version) || !isSeen(model)) continue;
    if (current?.model === model) current.versions.push(version);
    else {
      if (current !== undefined) yield withSorted(current);
      current = { model, versions: [version] };
    }
  }
  if (current !== undefined) yield withSorted(current);
}

const withSorted = ({ model, versions }: { readonly model: string; readonly versions: string[] }) => ({
  model,
  versions: versions.sort(byNumber),
});

/** Lists the committed versions of a model, oldest first; there are none where there is no such model. */
export async function listVersions(store: ObjectStore, model: string): Promise<string[]> {
  const prefix = keys.model(model);
  const versions: string[] = [];
  for await (const { key } of store.list(prefix)) {
    const [version, file, ...rest] = key.slice(prefix.length).split('/');
    if (version === undefined || file !== MANIFEST_FILE || rest.length > 0) continue;
    if (isVersionNumber(version)) versions.push(version);
  }
  return versions.sort(byNumber);
}

/** What a number or an alias means. */
export interface Target {
  readonly version: string;
  /** Another version that gets a share of the predictions; only for the live version. */
  readonly canary?: { readonly version: string; readonly share: number };
}

/**
 * Finds the committed version that a number or an alias names; by default that of `live`, or of `latest` where none is live.
 *
 * Where the alias `latest` is missing although versions exist (a commit was interrupted between manifest and alias), the newest
 * version is taken. Where the live version is missing (a backup that was taken while it changed), the one that was live before.
 * @throws {FoveaError} `model-not-found`; `model-version-not-found`.
 */
export async function resolveVersion(
  store: ObjectStore,
  model: string,
  versionOrAlias?: string,
): Promise<string> {
  return (await resolveTarget(store, model, versionOrAlias)).version;
}

/** As {@link resolveVersion}, with the canary of the live version. */
export async function resolveTarget(
  store: ObjectStore,
  model: string,
  versionOrAlias: string = LIVE_ALIAS,
): Promise<Target> {
  // A version that is named by its number needs no aliases, so a damaged record of them does not matter.
  const read = isVersionNumber(versionOrAlias) ? readableLiveRecord : readLiveRecord;
  const record = await read(store, model);
  if (await isHidden(store, model, record)) throw await modelNotFound(store, model);
  if (versionOrAlias === LIVE_ALIAS) {
    const live = await liveOf(store, model, record);
    if (live !== undefined) return live;
  }
  const isNewest = versionOrAlias === LIVE_ALIAS || versionOrAlias === LATEST_ALIAS;
  const version = isNewest
    ? await readAlias(store, model, LATEST_ALIAS)
    : await namedVersion(store, model, versionOrAlias, record);
  if (version !== undefined && (await isCommitted(store, model, version))) return { version };
  const versions = await listVersions(store, model);
  const newest = versions.at(-1);
  if (newest === undefined) throw await modelNotFound(store, model);
  if (isNewest) return { version: newest };
  throw versionNotFound(model, versionOrAlias, versions);
}

async function liveOf(
  store: ObjectStore,
  model: string,
  record: LiveRecord | undefined,
): Promise<Target | undefined> {
  if (record?.version === undefined) return undefined;
  if (await isCommitted(store, model, record.version)) {
    const { version, canary } = record;
    return canary !== undefined && (await isCommitted(store, model, canary.version))
      ? { version, canary }
      : { version };
  }
  for (const { version } of record.history.toReversed()) {
    if (await isCommitted(store, model, version)) return { version };
  }
  return undefined;
}

function namedVersion(
  store: ObjectStore,
  model: string,
  name: string,
  record: LiveRecord | undefined,
): string | undefined | Promise<string | undefined> {
  if (isVersionNumber(name)) return name;
  if (name === CANARY_ALIAS) return record?.canary?.version;
  return record?.aliases[name] ?? readAlias(store, model, name);
}

/** The error of a version or alias that a model does not have. @param versions those that it has. */
export const versionNotFound = (model: string, wanted: string, versions: readonly string[]): FoveaError =>
  new FoveaError(
    'model-version-not-found',
    `Model "${model}" has no version or alias "${wanted}". It has ${versions.length === 1 ? 'version' : 'versions'} ` +
      `${listNames(versions)}.`,
    { param: 'version', details: { model, version: wanted, versions: versions.slice(-MOST_NAMES) } },
  );

/** Whether a version is committed. */
export const isCommitted = async (store: ObjectStore, model: string, version: string) =>
  (await store.head(keys.modelFile(model, version, MANIFEST_FILE))) !== undefined;

/** Names in a message at most. */
const MOST_NAMES = 10;

function listNames(names: readonly string[]): string {
  const listed = names
    .slice(-MOST_NAMES)
    .map((name) => `"${name}"`)
    .join(', ');
  return names.length > MOST_NAMES ? `${listed} and ${names.length - MOST_NAMES} more` : listed;
}

async function modelNotFound(store: ObjectStore, model: string): Promise<FoveaError> {
  const { models, hasMore } = await listModels(store, { limit: MOST_NAMES });
  const names = models.map((found) => found.model);
  return new FoveaError(
    'model-not-found',
    `There is no model "${model}". ` +
      (names.length === 0
        ? 'There are no models yet: a fine-tuning job makes one.'
        : `There are: ${listNames(names)}${hasMore ? ' and more' : ''}.`),
    { param: 'model', details: { model, models: names } },
  );
}

/** Compares version numbers as numbers, for `sort`: "2" comes before "10". */
export const byNumber = (a: string, b: string): number => Number(a) - Number(b);

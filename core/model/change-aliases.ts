// Moves what predictions use, and a user's own aliases: promote, canary, roll back, set, remove. Each change is one atomic write of the
// live record, so that two at once never mix.

import { FoveaError, isFoveaError } from '../errors/errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import {
  CANARY_ALIAS,
  changeLiveRecord,
  LATEST_ALIAS,
  LIVE_ALIAS,
  type LiveRecord,
  RESERVED_ALIASES,
  readableLiveRecord,
  readLiveRecord,
  withLive,
} from './live-record.ts';
import { isCommitted, listVersions, resolveVersion, versionNotFound } from './versions.ts';

/** An alias and what it stands for. */
export interface Alias {
  readonly alias: string;
  readonly version: string;
  /** The share of predictions that a canary gets. */
  readonly share?: number;
}

/** The store and the clock. */
export interface ChangeAliasesDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Which version to use. */
export interface PromoteRequest {
  /** A version number or an alias. */
  readonly version: string;
  /** Only this share of the predictions, above 0 and below 1: the version becomes the canary. */
  readonly share?: number | undefined;
  /** The version that is live now; another refuses the change. */
  readonly expected?: string | undefined;
}

/**
 * Makes a version live, or gives it a share of the predictions.
 * @returns the record afterwards.
 * @throws {FoveaError} `model-not-found`, `model-version-not-found`; `alias-conflict` where another version is live than expected;
 *   `model-in-use` while the model is renamed.
 */
export async function promote(
  deps: ChangeAliasesDeps,
  model: string,
  { version: asked, share, expected }: PromoteRequest,
): Promise<LiveRecord> {
  const version = await resolveVersion(deps.store, model, asked);
  return changeModel(deps.store, model, async (record) => {
    assertExpected(model, LIVE_ALIAS, record.version, expected);
    await assertUsable(deps.store, model, version, record);
    if (share === undefined) return withLive(record, version, deps.now());
    if (version === record.version)
      throw new FoveaError(
        'model-version-in-use',
        `Version "${version}" of model "${model}" is live, so it cannot be its own canary. Name another version.`,
        { param: 'version' },
      );
    return { ...record, canary: { version, share } };
  });
}

/**
 * Ends the canary where there is one, since that is the change that came last; else makes live what was live before.
 * @throws {FoveaError} `model-not-found`; `rollback-unavailable` where nothing was; `alias-conflict`, `model-in-use`.
 */
export async function rollBack(
  { store }: ChangeAliasesDeps,
  model: string,
  { expected }: Pick<PromoteRequest, 'expected'> = {},
): Promise<LiveRecord> {
  await resolveVersion(store, model);
  return changeModel(store, model, async (record) => {
    assertExpected(model, LIVE_ALIAS, record.version, expected);
    const before = await takenBack(store, model, record);
    if (before !== undefined) return before;
    throw new FoveaError(
      'rollback-unavailable',
      `Model "${model}" has no version that was live before version "${record.version}". Promote the version that you want.`,
      { param: 'model', details: { model, live: record.version } },
    );
  });
}

/** The record without its last change of what is live; undefined where there was none that can be taken back. */
async function takenBack(
  store: ObjectStore,
  model: string,
  record: LiveRecord,
): Promise<LiveRecord | undefined> {
  const { canary, ...withoutCanary } = record;
  if (canary !== undefined) return withoutCanary;
  const history = [...record.history];
  for (let last = history.pop(); last !== undefined; last = history.pop()) {
    if (last.version === record.version || !(await isUsable(store, model, last.version, record))) continue;
    return { ...record, version: last.version, history };
  }
  return undefined;
}

/** Whether {@link rollBack} has something to take back. @throws {FoveaError} `record-invalid`, `format-newer`. */
export async function canRollBack(
  { store }: Pick<ChangeAliasesDeps, 'store'>,
  model: string,
): Promise<boolean> {
  const record = await readLiveRecord(store, model);
  return record !== undefined && (await takenBack(store, model, record)) !== undefined;
}

/**
 * Makes an alias of one's own stand for a version; `live` is promoted.
 * @param request `expected`: what it stands for now, null where there must be no such alias; anything else refuses the change.
 * @throws {FoveaError} `alias-reserved`, `alias-conflict`; as {@link promote}.
 */
export async function setAlias(
  deps: ChangeAliasesDeps,
  model: string,
  alias: string,
  { version: asked, expected }: { readonly version: string; readonly expected?: string | null | undefined },
): Promise<LiveRecord> {
  if (alias === LIVE_ALIAS) return promote(deps, model, { version: asked, expected: expected ?? undefined });
  if (RESERVED_ALIASES.includes(alias)) throw reserved(alias);
  const version = await resolveVersion(deps.store, model, asked);
  return changeModel(deps.store, model, async (record) => {
    assertExpected(model, alias, record.aliases[alias] ?? null, expected);
    await assertUsable(deps.store, model, version, record);
    return { ...record, aliases: { ...record.aliases, [alias]: version } };
  });
}

/**
 * Removes an alias of one's own, or ends a canary.
 * @throws {FoveaError} `alias-reserved`, `alias-not-found`, `alias-conflict`, `model-not-found`, `model-in-use`.
 */
export async function removeAlias(
  { store }: ChangeAliasesDeps,
  model: string,
  alias: string,
  expected?: string,
): Promise<LiveRecord> {
  if (alias === LATEST_ALIAS || alias === LIVE_ALIAS) throw reserved(alias);
  await resolveVersion(store, model);
  return changeModel(store, model, (record) => {
    const { canary, ...rest } = record;
    const version = alias === CANARY_ALIAS ? canary?.version : record.aliases[alias];
    if (version === undefined) throw aliasNotFound(model, alias, record);
    assertExpected(model, alias, version, expected);
    if (alias === CANARY_ALIAS) return rest;
    const { [alias]: _, ...aliases } = record.aliases;
    return { ...record, aliases };
  });
}

/** All aliases of a model, by name. @throws {FoveaError} `model-not-found`. */
export async function listAliases(store: ObjectStore, model: string): Promise<Alias[]> {
  const live = await resolveVersion(store, model);
  const record = await readLiveRecord(store, model);
  const aliases: Alias[] = [
    { alias: LATEST_ALIAS, version: await resolveVersion(store, model, LATEST_ALIAS) },
    ...Object.entries(record?.aliases ?? {}).map(([alias, version]) => ({ alias, version })),
    ...(record?.version === undefined ? [] : [{ alias: LIVE_ALIAS, version: live }]),
    ...(record?.canary === undefined ? [] : [{ alias: CANARY_ALIAS, ...record.canary }]),
  ];
  return aliases.sort((a, b) => (a.alias < b.alias ? -1 : 1));
}

/**
 * Changes the live record of a model that people may change now. In a store of an earlier version, what it served is live.
 * @throws {FoveaError} `model-not-found`; `model-in-use` while the model is renamed, also by the name that it gets.
 */
export async function changeModel(
  store: ObjectStore,
  model: string,
  change: (record: LiveRecord) => LiveRecord | undefined | Promise<LiveRecord | undefined>,
): Promise<LiveRecord> {
  return changeLiveRecord(store, model, async (record) => {
    if (record.renamingTo !== undefined) throw beingRenamed(model, record.renamingTo);
    // What is copied here has no version yet, as a model that is half deleted.
    if (record.renamingFrom !== undefined) throw beingRenamed(record.renamingFrom, model);
    if (record.version !== undefined) return change(record);
    // A deleted model gets no new record.
    if (record.revision === 0) await resolveVersion(store, model);
    return change(await withServed(store, model, record));
  });
}

/**
 * Refuses what would make something of a model by a name that it is about to lose or to get.
 * @throws {FoveaError} `model-in-use`.
 */
export async function refuseWhileRenamed(store: ObjectStore, model: string): Promise<void> {
  // Whatever needs the record says that it is damaged.
  const record = await readableLiveRecord(store, model);
  if (record?.renamingTo !== undefined) throw beingRenamed(model, record.renamingTo);
  if (record?.renamingFrom !== undefined) throw beingRenamed(record.renamingFrom, model);
}

/**
 * Refuses to delete or rename a model whose last rename was not finished, as that would bring its old name back.
 * @throws {FoveaError} `model-in-use`.
 */
export function assertRenamed(model: string, { renamedFrom }: LiveRecord): void {
  if (renamedFrom !== undefined) throw beingRenamed(renamedFrom, model);
}

/** The error of a model that is being renamed: `model-in-use`. */
export const beingRenamed = (from: string, to: string): FoveaError =>
  new FoveaError(
    'model-in-use',
    `Model "${from}" is being renamed to "${to}". Try again when that is done. Where it was interrupted, send the same rename again ` +
      `(POST /v1/models/${from}/rename).`,
    { param: 'model', details: { model: from, renaming_to: to } },
  );

async function withServed(store: ObjectStore, model: string, record: LiveRecord): Promise<LiveRecord> {
  try {
    const version = await resolveVersion(store, model);
    return record.deleted.includes(version) ? record : { ...record, version };
  } catch (error) {
    if (isFoveaError(error, 'model-not-found')) return record;
    throw error;
  }
}

const isUsable = async (store: ObjectStore, model: string, version: string, { deleted }: LiveRecord) =>
  !deleted.includes(version) && (await isCommitted(store, model, version));

async function assertUsable(store: ObjectStore, model: string, version: string, record: LiveRecord) {
  if (!(await isUsable(store, model, version, record)))
    throw versionNotFound(model, version, await listVersions(store, model));
}

/** @throws {FoveaError} `alias-conflict` where something is expected, and it is not what there is. */
function assertExpected(
  model: string,
  alias: string,
  actual: string | null | undefined,
  expected: string | null | undefined,
): void {
  if (expected === undefined || expected === actual) return;
  const there = typeof actual === 'string' ? `stands for version "${actual}"` : 'does not exist';
  throw new FoveaError(
    'alias-conflict',
    `The alias "${alias}" of model "${model}" was not changed: it ${there}, and the request expects ${
      expected === null ? 'that it does not exist' : `version "${expected}"`
    }. Read it again and decide anew.`,
    { param: 'expected_version', details: { model, alias, version: actual ?? null } },
  );
}

const reserved = (alias: string) =>
  new FoveaError(
    'alias-reserved',
    `The alias "${alias}" cannot be set or removed: ` +
      ({
        [LATEST_ALIAS]: 'it is always the newest version.',
        [LIVE_ALIAS]: 'it always stands for a version. Promote another one.',
        [CANARY_ALIAS]: 'promote a version with a share instead.',
      }[alias] ?? 'it is a verb of addresses. Take another name.'),
    { param: 'alias' },
  );

const aliasNotFound = (model: string, alias: string, { aliases }: LiveRecord) =>
  new FoveaError(
    'alias-not-found',
    `Model "${model}" has no alias "${alias}". Its own aliases: ${Object.keys(aliases).sort().join(', ') || 'none'}.`,
    { param: 'alias', details: { model, aliases: Object.keys(aliases).sort() } },
  );

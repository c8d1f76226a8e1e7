// The record of what predictions with a model use: its live version, a canary, what was live before, and aliases of one's own. All of
// it is one object, so that each change is atomic. Knows neither jobs nor HTTP.

import { z } from 'zod';
import { isHiddenByRename } from '../rename-marks.ts';
import { FORMATS } from '../storage/formats.ts';
import { changeOrCreateJson, isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { ADDRESS_VERBS, isVersionNumber } from './model-name.ts';

/** The alias of the version that predictions use. Without it they use {@link LATEST_ALIAS}. */
export const LIVE_ALIAS = 'live';
/** The alias of the version that gets a share of the predictions. */
export const CANARY_ALIAS = 'canary';
/** The alias of the newest version. Every commit moves it. */
export const LATEST_ALIAS = 'latest';
/** Aliases that this program moves or that are verbs of addresses; others are a user's own. */
export const RESERVED_ALIASES: readonly string[] = [LATEST_ALIAS, LIVE_ALIAS, CANARY_ALIAS, ...ADDRESS_VERBS];

/** Versions that were live before are remembered up to this number. */
const HISTORY_LENGTH = 50;

const Version = z.string().refine(isVersionNumber);

/** The record as it is stored. An earlier Fovea reads `version` as it reads every alias. */
export const LiveRecordSchema = z.object({
  /** The live version; absent where the model has none. */
  version: Version.optional(),
  /** Number of changes, so that no two states have the same bytes, and a write meets the state that it has read. */
  revision: z.number().int().nonnegative().default(0),
  /** A version that gets a share of the predictions, above 0 and below 1. */
  canary: z.object({ version: Version, share: z.number().gt(0).lt(1) }).optional(),
  /** Versions that were live before, oldest first, and until when, in Unix seconds. */
  history: z.array(z.object({ version: Version, until: z.number().int() })).default([]),
  /** A user's own aliases. */
  aliases: z.record(z.string(), Version).default({}),
  /** Versions that were deleted, or are about to be: they can become nothing any more, and their numbers are not given out again. */
  deleted: z.array(Version).default([]),
  /** The name that a rename gives the model, while it is under way. */
  renamingTo: z.string().optional(),
  /** The model that a rename makes this of, until it is complete. */
  renamingFrom: z.string().optional(),
  /** The same once it is complete, and until that model is erased. */
  renamedFrom: z.string().optional(),
  /** The request that reserved the new name last, while a rename is under way. */
  renamingBy: z.string().optional(),
});
/** What predictions with a model use. */
export type LiveRecord = z.infer<typeof LiveRecordSchema>;
const LIVE_RECORD = { ...FORMATS.alias, schema: LiveRecordSchema };

const EMPTY: LiveRecord = { revision: 0, history: [], aliases: {}, deleted: [] };

/**
 * Reads the record; undefined where the model has none, as in stores of earlier versions.
 * @throws {FoveaError} `record-invalid`, `format-newer`.
 */
export async function readLiveRecord(store: ObjectStore, model: string): Promise<LiveRecord | undefined> {
  return (await readJson(store, keys.modelAlias(model, LIVE_ALIAS), LIVE_RECORD))?.value;
}

/** As {@link readLiveRecord}; undefined also where the record cannot be read. */
export async function readableLiveRecord(store: ObjectStore, model: string): Promise<LiveRecord | undefined> {
  try {
    return await readLiveRecord(store, model);
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/**
 * Whether nobody sees a model by this name, as {@link isHiddenByRename} says.
 * @throws {FoveaError} `record-invalid`, `format-newer`.
 */
export const isHidden = (
  store: ObjectStore,
  model: string,
  record: LiveRecord | undefined,
): Promise<boolean> => isHiddenByRename(model, record, (name) => readLiveRecord(store, name));

/** Changes a record; `undefined` leaves it as it is. It may run several times, each time with the newest record. */
export type ChangeLive = (current: LiveRecord) => LiveRecord | undefined | Promise<LiveRecord | undefined>;

/**
 * Changes the record by compare-and-swap, or makes it.
 * @returns the record afterwards.
 * @throws {FoveaError} what `change` throws; `record-contended`, `record-invalid`, `format-newer`.
 */
export async function changeLiveRecord(
  store: ObjectStore,
  model: string,
  change: ChangeLive,
): Promise<LiveRecord> {
  const key = keys.modelAlias(model, LIVE_ALIAS);
  const counted: ChangeLive = async (current) => {
    const next = await change(current);
    return next && { ...next, revision: current.revision + 1 };
  };
  return changeOrCreateJson(store, key, LIVE_RECORD, EMPTY, counted);
}

/** The record with another live version. What was live becomes history, and there is no canary any more. */
export function withLive(record: LiveRecord, version: string, nowMs: number): LiveRecord {
  const { canary: _, ...rest } = record;
  if (record.version === version) return rest;
  return { ...rest, version, history: historyAfter(record, nowMs) };
}

function historyAfter({ version, history }: LiveRecord, nowMs: number): LiveRecord['history'] {
  if (version === undefined) return history;
  return [...history, { version, until: Math.floor(nowMs / 1000) }].slice(-HISTORY_LENGTH);
}

/** The names by which predictions or people reach a version, without `latest`: `live`, `canary`, and a user's own aliases. */
export function holdersOf(record: LiveRecord | undefined, version: string): string[] {
  if (record === undefined) return [];
  const own = Object.keys(record.aliases).filter((name) => record.aliases[name] === version);
  return [
    ...(record.version === version ? [LIVE_ALIAS] : []),
    ...(record.canary?.version === version ? [CANARY_ALIAS] : []),
    ...own.sort(),
  ];
}

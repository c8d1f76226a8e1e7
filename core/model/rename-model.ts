// Gives a model another name: copies its versions, shows them under the new name all at once, and erases the old ones. Each step can be
// repeated, so a rename that was interrupted is finished by asking for it again.

import { FoveaError } from '../errors/errors.ts';
import { reserveName, withoutMark } from '../rename-marks.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { moveAlias } from './aliases.ts';
import { assertRenamed, beingRenamed, changeModel } from './change-aliases.ts';
import { CLAIM_FILE } from './claim-version.ts';
import { eraseVersions, isHalfDeleted, listNumbers, withoutAll } from './delete-model.ts';
import { changeLiveRecord, LATEST_ALIAS, type LiveRecord, readLiveRecord } from './live-record.ts';
import { parseModelName } from './model-name.ts';
import { MANIFEST_FILE } from './read-manifest.ts';
import { REPORT_FILE } from './report.ts';
import { isCommitted, listVersions, resolveVersion } from './versions.ts';

/**
 * Renames a model. Predictions by the old name work until those by the new name do: at every moment one of both names stands for it, also
 * where this was interrupted. The page of a report keeps the name under which it was made.
 * @param refuse rejects where something uses the model. It is asked once nobody can begin to use it any more.
 * @throws {FoveaError} `model-name-invalid`, `model-not-found`; `model-exists` where the new name is taken; `model-in-use` while the
 *   model is renamed otherwise, or another gets the new name or loses it; what `refuse` throws.
 */
export async function renameModel(
  store: ObjectStore,
  from: string,
  to: string,
  refuse: () => Promise<void> = async () => undefined,
): Promise<void> {
  parseModelName(to, 'name');
  if (from === to) throw nameTaken(from, to);
  if (!(await isShown(store, from, to))) {
    await reserve(store, from, to, refuse);
    for (const version of await listNumbers(store, from)) await copyVersion(store, { from, to, version });
    await show(store, from, to);
  }
  const { deleted = [] } = (await readLiveRecord(store, to)) ?? {};
  const copied = [...(await listNumbers(store, to)), ...deleted];
  const old = (await listNumbers(store, from)).filter((version) => copied.includes(version));
  // The old name stays hidden until nothing is left of it.
  const source = await changeLiveRecord(store, from, (record) =>
    record.renamingTo === to ? { ...withoutAll(record, old), renamingTo: to } : undefined,
  );
  const left = (await listNumbers(store, from)).filter((version) => source.deleted.includes(version));
  await eraseVersions(store, from, left);
  await changeLiveRecord(store, from, withoutMark('renamingTo', to));
  await changeLiveRecord(store, to, withoutMark('renamedFrom', from));
}

/** Whether the new name already stands for all versions, and only erasing the old ones is left. */
async function isShown(store: ObjectStore, from: string, to: string): Promise<boolean> {
  if ((await readLiveRecord(store, to))?.renamedFrom !== from) return false;
  const source = await readLiveRecord(store, from);
  return source === undefined || source.renamingTo === to || source.version === undefined;
}

/** Keeps everybody from changing what is copied, and reserves the new name. */
async function reserve(
  store: ObjectStore,
  from: string,
  to: string,
  refuse: () => Promise<void>,
): Promise<void> {
  const source = await readLiveRecord(store, from);
  await resolveVersion(store, from);
  if (source?.renamingTo !== to) {
    if (await isTaken(store, from, to)) throw nameTaken(from, to);
    await changeModel(store, from, (record) => {
      assertRenamed(from, record);
      return { ...record, renamingTo: to };
    });
  }
  await reserveName<LiveRecord>(
    { from, to },
    {
      change: (name, change) => changeLiveRecord(store, name, change),
      isTaken: () => isTaken(store, from, to),
      nameTaken: () => nameTaken(from, to),
      // Where versions are copied, an interrupted rename has asked before.
      refuse: async () => ((await listNumbers(store, to)).length > 0 ? undefined : refuse()),
      givenUp: () => beingRenamed(from, to),
      onGivenUp: () => eraseVersions(store, to, []),
    },
  );
}

async function isTaken(store: ObjectStore, from: string, to: string): Promise<boolean> {
  const record = await readLiveRecord(store, to);
  if (record?.renamingFrom === from) return false;
  if (record?.renamingFrom !== undefined) throw beingRenamed(record.renamingFrom, to);
  if (record?.renamingTo !== undefined) throw beingRenamed(to, record.renamingTo);
  // Whoever deletes it erases its record last, and that must not be ours.
  if (record !== undefined && record.deleted.length > 0 && isHalfDeleted(record))
    throw beingDeleted(from, to);
  return record?.version !== undefined || (await listNumbers(store, to)).length > 0;
}

interface CopiedVersion {
  readonly from: string;
  readonly to: string;
  readonly version: string;
}

/** Copies the files of a version, and its manifest last. Of a number that is only claimed, the claim is kept. */
async function copyVersion(store: ObjectStore, { from, to, version }: CopiedVersion): Promise<void> {
  const committed = await isCommitted(store, from, version);
  const files: string[] = [];
  if (committed) {
    const prefix = `${keys.model(from)}${version}/`;
    for await (const { key } of store.list(prefix)) files.push(key.slice(prefix.length));
  } else files.push(CLAIM_FILE);
  const ordered = [...files.filter((file) => file !== MANIFEST_FILE), ...(committed ? [MANIFEST_FILE] : [])];
  for (const file of ordered) {
    const stored = await store.get(keys.modelFile(from, version, file));
    if (stored === undefined) continue;
    const body = file === MANIFEST_FILE || file === REPORT_FILE ? withName(stored.body, to) : stored.body;
    await store.put(keys.modelFile(to, version, file), body);
  }
}

/** A stored record with another `model`. A record that cannot be read stays as it is. */
function withName(body: Uint8Array, model: string): Uint8Array | string {
  try {
    const record: unknown = JSON.parse(new TextDecoder().decode(body));
    return `${JSON.stringify({ ...(record as object), model }, undefined, 2)}\n`;
  } catch {
    return body;
  }
}

/**
 * Lets the new name stand for the versions, with the aliases of the old one.
 * @throws {FoveaError} `model-in-use` where the new name is not reserved any more: what the old name has is the only copy then.
 */
async function show(store: ObjectStore, from: string, to: string): Promise<void> {
  const source = await readLiveRecord(store, from);
  const newest = (await listVersions(store, to)).at(-1);
  if (newest !== undefined) await moveAlias(store, to, LATEST_ALIAS, newest);
  const shown = await changeLiveRecord(store, to, (record) => {
    if (record.renamingFrom !== from || source?.renamingTo !== to) return undefined;
    const { renamingTo: _, renamingBy: __, revision: ___, ...copied } = source;
    return { ...copied, revision: record.revision, renamedFrom: from };
  });
  if (shown.renamedFrom === from) return;
  // Or the same request at the same moment was quicker: then nothing is left by the old name.
  const isLeft = (await readLiveRecord(store, from))?.renamingTo === to;
  if (isLeft || shown.version === undefined) throw beingRenamed(from, to);
}

const beingDeleted = (from: string, to: string) =>
  new FoveaError(
    'model-in-use',
    `Model "${from}" was not renamed: the deletion of a model "${to}" is not over. Try again when it is. Where it was interrupted, send it ` +
      `again (DELETE /v1/models/${to}), or choose another name.`,
    { param: 'name', details: { model: from, name: to } },
  );

const nameTaken = (from: string, to: string) =>
  new FoveaError(
    'model-exists',
    `Model "${from}" was not renamed: ${from === to ? 'that is its name' : `there is a model "${to}"`}. Choose another name.`,
    { param: 'name', details: { model: from, name: to } },
  );

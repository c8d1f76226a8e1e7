// The findings of a dataset that somebody looked at and found right. The record lies beside the dataset's splits: it goes with the dataset when
// that is renamed, and when it is deleted. Knows nothing of inspections.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';
import { changeOrCreateJson, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { subjectOfContent, subjectOfPath, subjectsOf } from './finding-id.ts';

/** Findings that are kept of a dataset at most. The oldest give way. */
export const MOST_KEPT = 10_000;

const KEPT_FINDINGS = {
  ...FORMATS.keptFindings,
  schema: z.object({
    /** Number of changes, so that no two states have the same bytes. */
    revision: z.number().int().nonnegative().default(0),
    /** Their ids, oldest first. */
    ids: z.array(z.string()).default([]),
  }),
};

/** The ids of the findings that are kept. @throws {FoveaError} `record-invalid`, `format-newer`. */
export async function readKeptFindings(store: ObjectStore, dataset: string): Promise<ReadonlySet<string>> {
  return new Set((await readJson(store, keys.keptFindings(dataset), KEPT_FINDINGS))?.value.ids);
}

/**
 * Keeps findings, or asks for them again.
 * @returns the ids of all that are kept then.
 * @throws {FoveaError} `record-contended`, `record-invalid`, `format-newer`.
 */
export async function keepFindings(
  store: ObjectStore,
  dataset: string,
  ids: readonly string[],
  isKept: boolean,
): Promise<readonly string[]> {
  const named = new Set(ids);
  return changeKept(store, dataset, (kept) =>
    isKept ? [...new Set([...kept, ...ids])].slice(-MOST_KEPT) : kept.filter((id) => !named.has(id)),
  );
}

/** Forgets the findings about pictures that are erased. @throws {FoveaError} as {@link keepFindings}. */
export async function forgetKeptFindings(
  store: ObjectStore,
  dataset: string,
  hashes: Iterable<string>,
  paths: readonly string[],
): Promise<void> {
  const erased = new Set([...[...hashes].map(subjectOfContent), ...paths.map(subjectOfPath)]);
  await changeKept(store, dataset, (kept) =>
    kept.filter((id) => !subjectsOf(id).some((subject) => erased.has(subject))),
  );
}

async function changeKept(
  store: ObjectStore,
  dataset: string,
  change: (kept: readonly string[]) => string[],
): Promise<readonly string[]> {
  const { ids } = await changeOrCreateJson(
    store,
    keys.keptFindings(dataset),
    KEPT_FINDINGS,
    { revision: 0, ids: [] },
    (current) => {
      const next = change(current.ids);
      const isSame = next.length === current.ids.length && next.every((id, at) => id === current.ids[at]);
      return isSame ? undefined : { ...current, revision: current.revision + 1, ids: next };
    },
  );
  return ids;
}

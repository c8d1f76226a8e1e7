// The numbers of a dataset's last inspection, which are kept for lists of datasets. They are a cache: without them a list says nothing.

import { z } from 'zod';
import { isFoveaError } from '../errors/errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { withFormat } from '../storage/parse-stored.ts';
import type { Finding, FindingCounts } from './findings.ts';
import { orNothing } from './known-files.ts';

const DATASET_SUMMARY = {
  ...FORMATS.datasetSummary,
  schema: z.object({
    /** All files, also those that are no pictures, and their bytes. */
    files: z.number(),
    sizeBytes: z.number(),
    pictures: z.number(),
    classes: z.number(),
    canTrain: z.boolean(),
    findingCounts: z.record(z.string(), z.number()),
  }),
};
/** The numbers of an inspection. */
export type DatasetSummary = z.output<typeof DATASET_SUMMARY.schema>;

/** What an inspection found, as far as it is counted. */
interface Counted {
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly items: readonly unknown[];
  readonly findings: readonly Finding[];
  readonly findingCounts: FindingCounts;
}

/** Keeps the numbers of an inspection, where they are others than before. Errors of the store are no hindrance. */
export async function keepSummary(
  store: ObjectStore,
  { dataset, classes, items, findings, findingCounts }: Counted,
  listed: readonly { readonly sizeBytes: number }[],
): Promise<void> {
  const summary: DatasetSummary = {
    files: listed.length,
    sizeBytes: listed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    pictures: items.length,
    classes: classes.length,
    canTrain: findings.every(({ severity }) => severity !== 'error'),
    findingCounts: { ...findingCounts },
  };
  const text = JSON.stringify(withFormat(DATASET_SUMMARY, summary));
  const key = keys.datasetSummary(dataset);
  await orNothing(async () => {
    const before = await store.get(key);
    if (before === undefined || new TextDecoder().decode(before.body) !== text) await store.put(key, text);
  });
}

/** The numbers of a dataset's last inspection; undefined where it was not inspected, or they cannot be read. */
export async function readSummary(store: ObjectStore, dataset: string): Promise<DatasetSummary | undefined> {
  try {
    return (await readJson(store, keys.datasetSummary(dataset), DATASET_SUMMARY))?.value;
  } catch (error) {
    if (isFoveaError(error, 'record-invalid') || isFoveaError(error, 'format-newer')) return undefined;
    throw error;
  }
}

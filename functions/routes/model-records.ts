// Reads the records beside a model's files, in the names of the wire: the manifest, the parity record and the report.

import type { z } from 'zod';
import { toWireManifest } from '../../api/manifest.ts';
import { toWire } from '../../api/to-wire.ts';
import { PARITY, PARITY_FILE } from '../../core/model/parity.ts';
import { MANIFEST_FILE, readManifest } from '../../core/model/read-manifest.ts';
import { REPORT, REPORT_FILE } from '../../core/model/report.ts';
import type { StoredFormat } from '../../core/storage/formats.ts';
import { readJson } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

type ReadRecord = (store: ObjectStore, model: string, version: string) => Promise<object | undefined>;

const RECORDS: ReadonlyMap<string, ReadRecord> = new Map<string, ReadRecord>([
  [MANIFEST_FILE, async (...of) => toWireManifest(await readManifest(...of))],
  [PARITY_FILE, readerOf(PARITY_FILE, PARITY)],
  [REPORT_FILE, readerOf(REPORT_FILE, REPORT)],
]);

function readerOf<S extends z.ZodObject>(file: string, format: StoredFormat<S>): ReadRecord {
  return async (store, model, version) => {
    const stored = await readJson(store, keys.modelFile(model, version, file), format);
    return stored && toWire(format.schema, stored.value);
  };
}

/**
 * A record of a version by its file's name; undefined where the file is not a record, or does not exist.
 * @throws {FoveaError} `model-version-not-found`, `model-corrupt`, `format-newer`, `record-invalid`.
 */
export const readModelRecord = async (
  file: string,
  ...of: Parameters<ReadRecord>
): Promise<object | undefined> => RECORDS.get(file)?.(...of);

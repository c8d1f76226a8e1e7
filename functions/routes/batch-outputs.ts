// The two files of a batch that is over: the lines of its results with predictions, and those with errors. They are views of the results.

import type { Context } from 'hono';
import { parseOutputFileId } from '../../api/batch.ts';
import type { WireFile } from '../../api/file.ts';
import { batchCounts } from '../../core/batch-prediction/batch-counts.ts';
import { isErrorLine } from '../../core/batch-prediction/result-line.ts';
import { listResults, readSomeLines } from '../../core/batch-prediction/results.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { isFinal } from '../../core/job/record/job.ts';
import { keys } from '../../core/storage/keys.ts';
import { readParts, sizeOfParts } from '../../core/storage/object-parts.ts';
import { batchDays } from '../../core/storage/retention.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { findBatch } from './batches.ts';
import { fileNotFound } from './file-rights.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** A file of a batch. */
export interface BatchOutput {
  /** What clients are told of it. */
  toWire(): Promise<WireFile>;
  content(): AsyncGenerator<Uint8Array>;
  /** Erases the results. @throws {FoveaError} `file-in-use` for errors beside predictions. */
  erase(): Promise<void>;
}

/**
 * The file of a batch by its id; undefined for an id of another form.
 * @throws {FoveaError} `file-not-found`; `key-limited`, `scope-missing` where the key may not see the batch.
 */
export async function findBatchOutput(
  deps: AppDeps,
  c: Context<AppEnv>,
  id: string,
): Promise<BatchOutput | undefined> {
  const named = parseOutputFileId(id);
  if (named === undefined) return undefined;
  const { store } = deps;
  const { batchId, output } = named;
  const { record, batch } = await findBatch(deps, c, batchId).catch((error: unknown) => {
    throw isFoveaError(error, 'batch-not-found') ? fileNotFound(id) : error;
  });
  const chunks = await listResults(store, batchId);
  const { completed, failed } = await batchCounts(store, record, batch);
  const lines = output === 'output' ? completed : failed;
  if (!isFinal(record.status) || lines === 0 || chunks.length === 0) throw fileNotFound(id);
  const isWhole = (output === 'output' ? failed : completed) === 0;
  const content = () =>
    isWhole
      ? readParts(store, chunks)
      : readSomeLines(store, chunks, (line) => isErrorLine(line) === (output === 'errors'));

  return {
    content,
    async toWire() {
      let bytes = isWhole ? sizeOfParts(chunks) : 0;
      if (!isWhole) for await (const piece of content()) bytes += piece.byteLength;
      const endedAt = record.finishedAt ?? record.createdAt;
      return {
        id,
        object: 'file',
        bytes,
        created_at: endedAt,
        expires_at: endedAt + batchDays(deps.keepDays) * DAY_SECONDS,
        filename: `${id}.jsonl`,
        purpose: 'batch_output',
        status: 'processed',
      };
    },
    async erase() {
      if (output === 'errors' && completed > 0)
        throw new FoveaError(
          'file-in-use',
          `The errors of batch "${batchId}" are kept with its predictions. Delete the file "${batchId}-output", and both are gone.`,
          { param: 'file_id' },
        );
      await store.eraseAll(keys.batchResults(batchId));
    },
  };
}

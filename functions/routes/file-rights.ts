// Which files the API key of a request may see. A file for fine-tuning is a dataset; others are seen by the key that sent them, and by
// keys that may see the pictures of all datasets.

import type { Context } from 'hono';
import { FoveaError } from '../../core/errors/errors.ts';
import { isFileId } from '../../core/file/file-id.ts';
import type { FileRecord } from '../../core/file/file-record.ts';
import type { FileStore } from '../../core/file/file-store.ts';
import type { AppEnv } from '../deps/deps.ts';
import { maySee } from '../http/require-names.ts';
import { mayReadDatasets } from './batch-rights.ts';

/** Whether the key of a request sent it. */
export const isOwnFile = (c: Context<AppEnv>, { createdBy }: Pick<FileRecord, 'createdBy'>): boolean =>
  c.get('apiKey') === undefined || c.get('apiKey')?.name === createdBy;

/** Whether the key of a request may see a file. */
export function maySeeFile(c: Context<AppEnv>, file: FileRecord): boolean {
  if (file.purpose === 'fine-tune') return mayReadDatasets(c) && maySee(c, { dataset: file.id });
  return isOwnFile(c, file) || (mayReadDatasets(c) && c.get('apiKey')?.datasets === undefined);
}

/** The error `file-not-found`. */
export const fileNotFound = (id: string, param = 'file_id'): FoveaError =>
  new FoveaError(
    'file-not-found',
    `There is no file ${JSON.stringify(id)}: it was deleted, has expired, or was never there. GET /v1/files lists the files.`,
    { param },
  );

/**
 * The file of an id.
 * @param param the request's field, for the error.
 * @throws {FoveaError} `file-not-found`, also where the key may not see it.
 */
export async function findFile(
  files: Pick<FileStore, 'get'>,
  c: Context<AppEnv>,
  id: string,
  param?: string,
): Promise<FileRecord> {
  const file = isFileId(id) ? await files.get(id) : undefined;
  if (file === undefined || !maySeeFile(c, file)) throw fileNotFound(id, param);
  return file;
}

/**
 * Refuses a file of another purpose as the dataset of a job.
 * @param name of a dataset, which may be the id of a file.
 * @throws {FoveaError} `file-invalid`.
 */
export async function requireTrainingFile(
  files: Pick<FileStore, 'get'>,
  c: Context<AppEnv>,
  name: string,
): Promise<void> {
  const file = isFileId(name) ? await files.get(name) : undefined;
  if (file === undefined || file.purpose === 'fine-tune' || !maySeeFile(c, file)) return;
  throw new FoveaError(
    'file-invalid',
    `The file "${name}" has the purpose "${file.purpose}". Send the pictures with the purpose "fine-tune".`,
    { param: 'training_file' },
  );
}

// Makes a file of what a client has sent: checks it by its purpose, writes the content, and then the record.

import type { Context } from 'hono';
import { MOST_INPUT_BYTES } from '../../core/batch-prediction/read-lines.ts';
import { openArchive } from '../../core/dataset/open-archive.ts';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { createFileId } from '../../core/file/file-id.ts';
import { FILE_SECONDS, type FilePurpose, type FileRecord } from '../../core/file/file-record.ts';
import { createFileStore } from '../../core/file/file-store.ts';
import { readExamples } from '../../core/file/read-examples.ts';
import type { IdParts } from '../../core/id-digits.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';
import type { FetchPicture } from '../../core/remote/fetch-picture.ts';
import { keys } from '../../core/storage/keys.ts';
import { type ObjectPart, readParts } from '../../core/storage/object-parts.ts';
import { PreconditionFailedError } from '../../core/storage/object-store.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import type { Limits } from '../deps/limits.ts';
import { noteTarget } from '../http/audit-requests.ts';
import { beginsAsJson } from '../http/content-type.ts';
import { WRITE_ERRORS } from '../http/error-responses.ts';
import { idPartsOf } from '../http/idempotent.ts';
import { maySee, requireNamed } from '../http/require-names.ts';
import { DATASET_SCOPE, requireScopeFor } from '../http/require-scope.ts';
import { archiveLimits, type Outcome, type PlacedEntry, placed, storeEntry } from './store-entry.ts';

/** Errors of routes that make a file. */
export const NEW_FILE_ERRORS = [
  ...WRITE_ERRORS,
  'file-too-large',
  'file-invalid',
  'archive-invalid',
  'archive-too-large',
] as const satisfies readonly ErrorCode[];

/** What a client says of a file. */
export interface NewFile {
  readonly purpose: FilePurpose;
  readonly filename: string;
  /** Seconds after which it is gone; undefined leaves it to the purpose. */
  readonly expiresAfter: number | undefined;
}

/** Enough to tell JSONL from an archive. */
const FIRST_BYTES = 16;
/** Files that are named where they are left out. */
const MOST_NAMED = 3;
const SHOWN_CHARACTERS = 80;

/** The most bytes that a file of a purpose may have. */
const mostBytes = (purpose: FilePurpose, { archiveBytes, uploadBytes }: Limits): number =>
  ({ batch: MOST_INPUT_BYTES, 'fine-tune': archiveBytes, vision: uploadBytes, user_data: uploadBytes })[
    purpose
  ];

/**
 * Refuses a file by what is said of it, before it is taken.
 * @param param the request's field that says its size, or holds it.
 * @throws {FoveaError} `file-too-large`, `file-invalid`; `scope-missing`, `key-limited`.
 */
export function checkNewFile(
  c: Context<AppEnv>,
  { purpose, expiresAfter }: NewFile,
  bytes: number,
  limits: Limits,
  param: string,
): void {
  if (purpose === 'fine-tune') {
    requireScopeFor(c, DATASET_SCOPE);
    requireOwnDataset(c);
  }
  if (purpose === 'fine-tune' && expiresAfter !== undefined)
    throw new FoveaError(
      'file-invalid',
      'A file for fine-tuning has no end, since its dataset would stay. Leave "expires_after" out, and delete the file when you are done.',
      { param: 'expires_after' },
    );
  const most = mostBytes(purpose, limits);
  if (bytes > most)
    throw new FoveaError(
      'file-too-large',
      `The file has ${bytes} bytes; a file of the purpose "${purpose}" may have ${most}. Send several smaller ones.`,
      { param, details: { received: bytes, limit_bytes: most } },
    );
  if (bytes === 0)
    throw new FoveaError('file-invalid', 'The file is empty. Send the bytes of it.', { param });
}

/** @throws {FoveaError} `key-limited` where the key may not have the dataset that a file becomes, whose name the server chooses. */
function requireOwnDataset(c: Context<AppEnv>): void {
  if (maySee(c, { dataset: createFileId(0, false) })) return;
  const key = c.get('apiKey')?.name;
  throw new FoveaError(
    'key-limited',
    `The API key "${key}" is limited to other datasets, and a file for fine-tuning becomes a dataset whose name begins with "file-". Send the pictures ` +
      'to a dataset that the key may use, or ask the operator of this installation for another key.',
    { param: 'Authorization', details: { key } },
  );
}

const NAME_MAX_LENGTH = 255;
const UNNAMED = 'file';
/** The name of a file: the last part of the path that a client sent. */
export const toFilename = (file: string | null): string =>
  (file ?? '').split(/[/\\]/).at(-1)?.slice(-NAME_MAX_LENGTH) || UNNAMED;

/** Makes the id, which says whether the file will have an end. */
const newFileId = (
  { now }: Pick<AppDeps, 'now'>,
  { purpose, expiresAfter }: NewFile,
  idParts: IdParts | undefined,
): string =>
  createFileId(idParts?.ms ?? now(), purpose === 'batch' || expiresAfter !== undefined, idParts?.digits);

/** A file that was made. */
export interface MadeFile {
  readonly record: FileRecord;
  /** Erases it with its dataset, as if it had never been made. */
  readonly erase: () => Promise<void>;
}

/**
 * Makes a file, and of one for fine-tuning a dataset. Nothing of it stays where that fails.
 * @throws {FoveaError} `file-invalid`, `archive-invalid`, `archive-too-large`; `key-limited`; what the store and the content throw.
 */
export async function createNewFile(
  deps: AppDeps,
  c: Context<AppEnv>,
  file: NewFile,
  content: AsyncIterable<Uint8Array>,
): Promise<MadeFile> {
  const { store } = deps;
  const files = createFileStore(deps);
  const idParts = idPartsOf(c);
  const id = newFileId(deps, file, idParts);
  if (file.purpose === 'fine-tune') requireNamed(c, { dataset: id });
  noteTarget(c, { file_id: id });
  const erase = async () => {
    await files.erase(id);
    if (file.purpose === 'fine-tune') await store.eraseAll(keys.dataset(id));
  };
  // The same request may have made it before it was killed.
  const earlier = idParts && (await files.get(id));
  if (earlier !== undefined) return { record: earlier, erase };
  const { purpose, filename, expiresAfter = purpose === 'batch' ? FILE_SECONDS.most : undefined } = file;
  try {
    const bytes = await files.write(id, content);
    const parts = await files.parts(id);
    const statusDetails = purpose === 'fine-tune' ? await toDataset(deps, c, id, parts) : undefined;
    const createdAt = Math.floor(deps.now() / 1000);
    const createdBy = c.get('apiKey')?.name;
    const record: FileRecord = {
      id,
      purpose,
      filename,
      bytes,
      createdAt,
      expiresAt: expiresAfter === undefined ? null : createdAt + expiresAfter,
      ...(statusDetails === undefined ? {} : { statusDetails }),
      ...(createdBy === undefined ? {} : { createdBy }),
    };
    await files.commit(record);
    return { record, erase };
  } catch (error) {
    // The same request has made it meanwhile, by another process.
    const made = error instanceof PreconditionFailedError ? await files.get(id) : undefined;
    if (made !== undefined) return { record: made, erase };
    await erase().catch(() => undefined);
    throw error;
  }
}

/**
 * Puts the pictures of a file into the dataset of its name.
 * @returns what was left out, in a sentence; undefined where nothing was.
 */
async function toDataset(
  { store, limits, fetchPicture }: AppDeps,
  c: Context<AppEnv>,
  dataset: string,
  parts: readonly ObjectPart[],
): Promise<string | undefined> {
  c.get('bodyTerms').share.take(DEFAULT_IMAGE_LIMITS.maxBytes);
  const [first] = parts;
  const start = first && (await store.get(first.key, { range: { start: 0, end: FIRST_BYTES - 1 } }));
  const isJsonl = start !== undefined && beginsAsJson(start.body);
  const signal = c.req.raw.signal;
  const entries: AsyncIterable<PlacedEntry> = isJsonl
    ? readExamples(readParts(store, parts), (url) => readAddress(fetchPicture, url, limits, signal))
    : placed(openArchive(readParts(store, parts), archiveLimits(limits)), 0);
  let stored = 0;
  const failed: Outcome[] = [];
  let failures = 0;
  for await (const entry of entries) {
    const outcome = await storeEntry(store, dataset, entry);
    if (outcome === undefined) continue;
    if (outcome.error === null) stored += 1;
    else {
      failures += 1;
      if (failed.length < MOST_NAMED) failed.push(outcome);
    }
  }
  const reasons = failed.map(
    ({ path, error }) => `${JSON.stringify(path.slice(0, SHOWN_CHARACTERS))}: ${error?.message ?? ''}`,
  );
  if (stored === 0)
    throw new FoveaError(
      'file-invalid',
      [
        'The file has no picture in a folder of its class.',
        ...reasons,
        'Send a .zip or .tar.gz archive with a folder for each class.',
      ].join(' '),
      { param: 'file' },
    );
  return failures === 0
    ? undefined
    : `${failures} of ${stored + failures} files were not taken. ${reasons.join(' ')}`;
}

/** The bytes of a picture at an address, or why there are none. @throws the reason of the signal. */
async function readAddress(
  fetchPicture: FetchPicture | undefined,
  url: string,
  { uploadBytes }: Limits,
  signal: AbortSignal,
): Promise<Uint8Array | FoveaError> {
  if (fetchPicture === undefined)
    return new FoveaError(
      'image-url-refused',
      'This server fetches no pictures from URLs. Send the picture as a data: URL, or an archive.',
    );
  try {
    return await fetchPicture(url, { maxBytes: uploadBytes, signal, onBytes: () => undefined });
  } catch (error) {
    signal.throwIfAborted();
    if (isFoveaError(error)) return error;
    throw error;
  }
}

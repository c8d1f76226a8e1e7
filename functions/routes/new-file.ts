// Makes a file of what a client has sent: checks it by its purpose, writes the content, and then the record.

import type { Context } from 'hono';
import { MOST_INPUT_BYTES } from '../../core/batch-prediction/read-lines.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { createFileId } from '../../core/file/file-id.ts';
import { FILE_SECONDS, type FilePurpose, type FileRecord } from '../../core/file/file-record.ts';
import { createFileStore } from '../../core/file/file-store.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import type { Limits } from '../deps/limits.ts';
import { noteTarget } from '../http/audit-requests.ts';

/** What a client says of a file. */
export interface NewFile {
  readonly purpose: FilePurpose;
  readonly filename: string;
  /** Seconds after which it is gone; undefined leaves it to the purpose. */
  readonly expiresAfter: number | undefined;
}

/** The most bytes that a file of a purpose may have. */
const mostBytes = (purpose: FilePurpose, { archiveBytes, uploadBytes }: Limits): number =>
  ({ batch: MOST_INPUT_BYTES, 'fine-tune': archiveBytes, vision: uploadBytes, user_data: uploadBytes })[
    purpose
  ];

/**
 * Refuses a file by what is said of it, before it is taken.
 * @param param the request's field that says its size, or holds it.
 * @throws {FoveaError} `file-too-large`, `file-invalid`.
 */
export function checkNewFile({ purpose }: NewFile, bytes: number, limits: Limits, param: string): void {
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

/** Makes the id, which says whether the file will have an end. */
export const newFileId = ({ now }: Pick<AppDeps, 'now'>, { purpose, expiresAfter }: NewFile): string =>
  createFileId(now(), purpose === 'batch' || expiresAfter !== undefined);

/**
 * Makes a file. Nothing of it stays where that fails.
 * @param id of {@link newFileId}.
 * @throws {FoveaError} what the store and the content throw.
 */
export async function createNewFile(
  deps: AppDeps,
  c: Context<AppEnv>,
  id: string,
  file: NewFile,
  content: AsyncIterable<Uint8Array>,
): Promise<FileRecord> {
  const files = createFileStore(deps);
  noteTarget(c, { file_id: id });
  const { purpose, filename, expiresAfter = purpose === 'batch' ? FILE_SECONDS.most : undefined } = file;
  try {
    const bytes = await files.write(id, content);
    const createdAt = Math.floor(deps.now() / 1000);
    const createdBy = c.get('apiKey')?.name;
    const record: FileRecord = {
      id,
      purpose,
      filename,
      bytes,
      createdAt,
      expiresAt: expiresAfter === undefined ? null : createdAt + expiresAfter,
      ...(createdBy === undefined ? {} : { createdBy }),
    };
    await files.commit(record);
    return record;
  } catch (error) {
    await files.erase(id).catch(() => undefined);
    throw error;
  }
}

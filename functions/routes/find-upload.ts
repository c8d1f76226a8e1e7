// Finds uploads in parts for the key of a request, and describes them as the wire has them.

import type { Context } from 'hono';
import { toWirePartUpload } from '../../api/upload.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { createFileStore } from '../../core/file/file-store.ts';
import { createPartUploads, type PartUpload } from '../../core/file/part-uploads.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { isOwnFile } from './file-rights.ts';

/** The upload in parts of an id. @throws {FoveaError} `upload-not-found`, also where another key has begun it. */
export async function findUpload(deps: AppDeps, c: Context<AppEnv>, id: string): Promise<PartUpload> {
  const upload = await createPartUploads(deps).get(id);
  if (upload !== undefined && isOwnFile(c, upload)) return upload;
  throw new FoveaError(
    'upload-not-found',
    `There is no upload "${id}" in parts: it is older than a day, or was never begun. POST /v1/uploads begins one.`,
    { param: 'upload_id' },
  );
}

/** An upload in parts as it is now, with the file that was made of it. */
export async function toWireUpload(deps: AppDeps, upload: PartUpload) {
  const file = upload.fileId === null ? undefined : await createFileStore(deps).get(upload.fileId);
  return toWirePartUpload(upload, createPartUploads(deps).isExpired(upload), file);
}

// The files of a version that clients may download.

import { CERTIFICATE_FILES } from '../certificate/certificate-files.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { CLAIM_FILE } from './claim-version.ts';
import { PICTURE_INDEX_FILE } from './picture-index.ts';

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Files of bookkeeping; and the picture index, which names pictures of a dataset that not everybody may see who may use the model. */
const PRIVATE_FILES: readonly string[] = [CLAIM_FILE, PICTURE_INDEX_FILE];

/** Whether a name may be a file that clients may download. */
export const isPublicFile = (file: string): boolean => FILE_NAME.test(file) && !PRIVATE_FILES.includes(file);

/** Lists the names of the files that clients may download, in order; among them those of the certificate, which are made where they are missing. */
export async function listModelFiles(store: ObjectStore, model: string, version: string): Promise<string[]> {
  const prefix = `${keys.model(model)}${version}/`;
  const files: string[] = [];
  for await (const { key } of store.list(prefix)) files.push(key.slice(prefix.length));
  return [...new Set([...files.filter(isPublicFile), ...CERTIFICATE_FILES])].sort();
}

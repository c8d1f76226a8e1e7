// Files of packages, which what is shipped to AWS Lambda keeps compressed, as `<file>.gz`: it must be small. Knows nothing of
// what they hold.

import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The ending of a compressed file, behind its name. */
export const COMPRESSED_ENDING = '.gz';

/** A file's contents. */
export interface StoredFile {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

async function readPlain(file: URL): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Reads a file that lies there as it is, or compressed.
 *
 * @throws {Error} `ENOENT`, naming the compressed file, where neither is there.
 */
export async function readStoredFile(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  return (await readPlain(file)) ?? (await decompress(await readFile(compressedName(file))));
}

/** Contents that were made here, with their compressed form. */
export const toBothForms = async (plain: Uint8Array<ArrayBuffer>): Promise<StoredFile> => ({
  plain,
  gzip: await compress(plain),
});

/** Reads a file as {@link readStoredFile} does, to give it on as it is or compressed. */
export async function readBothForms(file: URL): Promise<StoredFile> {
  const plain = await readPlain(file);
  if (plain !== undefined) return toBothForms(plain);
  const zipped = await readFile(compressedName(file));
  return { plain: await decompress(zipped), gzip: zipped };
}

const compressedName = (file: URL): URL => new URL(`${file.href}${COMPRESSED_ENDING}`);

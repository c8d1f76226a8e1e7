// Saves the body of an answer in a file.

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes a body to a file, under another name until all of it is there: what broke off does not look like the file. */
export async function saveBody({ body }: Response, file: string): Promise<void> {
  const part = `${file}.part`;
  try {
    await pipeline(Readable.fromWeb(body as never), createWriteStream(part));
    await rename(part, file);
  } finally {
    await rm(part, { force: true });
  }
}

// Remembers which bytes this machine has brought to which place of a server, so that a second push sends only what has changed, also before
// the server has read the files. It is a cache: without it more is sent, and nothing is wrong.

import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { contentHashOf } from '../../core/content-hash.ts';
import { makeFolder } from '../../core/make-folder.ts';

/** What is known of the files of one dataset of one server. */
export interface PushJournal {
  /** sha256 of the bytes that were brought to a path last; undefined where none is known. */
  find(path: string): string | undefined;
  /** Remembers what was brought. */
  add(path: string, sha256: string): Promise<void>;
}

/** Opens the journal of a dataset. @param folder where journals are kept. */
export async function openPushJournal(
  url: string,
  dataset: string,
  folder: string = path.join(cacheDirectory(process.env), 'pushed'),
): Promise<PushJournal> {
  const file = path.join(
    folder,
    `${contentHashOf(new TextEncoder().encode(JSON.stringify([url, dataset]))).slice(0, 16)}.jsonl`,
  );
  const known = new Map<string, string>();
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry !== undefined) known.set(...entry);
  }
  await makeFolder(folder).catch(() => undefined);
  return {
    find: (name) => known.get(name),
    async add(name, sha256) {
      known.set(name, sha256);
      await appendFile(file, `${JSON.stringify([name, sha256])}\n`).catch(() => undefined);
    },
  };
}

/** A line that broke off is none. */
function parse(line: string): [string, string] | undefined {
  try {
    const [name, sha256] = JSON.parse(line) as unknown[];
    return typeof name === 'string' && typeof sha256 === 'string' ? [name, sha256] : undefined;
  } catch {
    return undefined;
  }
}

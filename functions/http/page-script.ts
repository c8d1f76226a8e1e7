// The script of the page: as a build has made it, or made here of its sources, so that a checkout needs no build. Knows nothing of what it does.

import { fileURLToPath } from 'node:url';
import { readBothForms, type StoredFile, toBothForms } from '../../core/stored-file.ts';
import { PAGE_BUILD } from './page-build.ts';

/**
 * The script that a build has put beside the page, else the one of the sources.
 * @throws what esbuild says of sources that it cannot read; `ENOENT` where neither is there.
 */
export async function readPageScript(): Promise<StoredFile> {
  try {
    return await readBothForms(new URL('../page/page.js', import.meta.url));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Only where there are sources: what is shipped has the script, and no bundler.
  const { build } = await import('esbuild');
  const folder = fileURLToPath(new URL('../..', import.meta.url));
  const { outputFiles } = await build({ ...PAGE_BUILD, absWorkingDir: folder, write: false });
  const [{ contents }] = outputFiles as [(typeof outputFiles)[number]];
  return toBothForms(new Uint8Array(contents));
}

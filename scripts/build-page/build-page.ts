// Builds the script of the page for what is shipped, where there is no bundler.

import { build } from 'esbuild';
import { PAGE_BUILD } from '../../functions/http/page-build.ts';

/** What the script was made of. */
export interface BuiltPage {
  /** Sources and files of packages, from the repository's root. */
  readonly inputs: readonly string[];
}

/**
 * Writes the script.
 * @param repository the folder of the sources.
 * @param folder gets `page.js`.
 */
export async function buildPage(repository: string, folder: string): Promise<BuiltPage> {
  const { metafile } = await build({
    ...PAGE_BUILD,
    absWorkingDir: repository,
    outdir: folder,
    metafile: true,
  });
  return { inputs: Object.keys(metafile.inputs) };
}

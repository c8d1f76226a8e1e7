// Bundles the `fovea` command into a few files.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { buildPage } from '../build-page/build-page.ts';

/** The folder of the sources. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Modules that threads import: they are in the bundle by their own names. */
const THREAD_MODULES = [{ in: 'core/predict/run-picture.ts', out: 'run-picture' }];

/** Sources find their neighbours, e.g. a thread's file, by their own place and not by the bundle's. */
const keepPlaces = (folder: string): Plugin => ({
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      if (file.includes('node_modules')) return undefined;
      const place = path.relative(folder, file).split(path.sep).join('/');
      const own = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
      let contents = (await readFile(file, 'utf8')).replaceAll('import.meta.url', own);
      for (const { out } of THREAD_MODULES)
        contents = contents.replaceAll(
          `new URL('./${out}.ts', ${own})`,
          `new URL('./${out}.mjs', import.meta.url)`,
        );
      // The script of the page is built, too, and lies beside the bundle.
      contents = contents.replaceAll(
        `new URL('../page/page.js', ${own})`,
        `new URL('./page.js', import.meta.url)`,
      );
      return { loader: 'ts', contents };
    });
  },
});

/** CommonJS packages in the bundle call it for Node's own modules. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);`;

/**
 * Bundles the command.
 * @param folder where to; it may be renamed afterwards. Its entry is `main.mjs`.
 * @returns the files that it is made of, from the repository's root.
 */
export async function bundleCommand(folder: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [{ in: 'cli/entry.ts', out: 'main' }, ...THREAD_MODULES],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    keepNames: true,
    charset: 'utf8',
    metafile: true,
    external: ['libheif-js', 'onnxruntime-node', 'sharp', 'tsx', 'esbuild', '@tensorflow/*'],
    banner: { js: REQUIRE },
    plugins: [keepPlaces(folder)],
    logLevel: 'warning',
  });
  const { inputs } = await buildPage(REPOSITORY, folder);
  return [...new Set([...Object.keys(metafile.inputs), ...inputs])];
}

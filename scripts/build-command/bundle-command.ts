// Bundles the `fovea` command into a few files.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { buildPage } from '../build-page/build-page.ts';

/** The folder of the sources. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Files that are started or imported by their place, by their names in the bundle: threads' modules, and the trainer's programs. */
const BY_PLACE: Readonly<Record<string, string>> = {
  'core/predict/run-picture.ts': 'run-picture',
  'batch-job/main.ts': 'trainer',
  'batch-job/doctor.ts': 'doctor',
  'batch-job/setup.ts': 'setup',
  'batch-job/worker.ts': 'worker',
};
const entry = ([file, name]: readonly [string, string]) => ({ in: file, out: name });

/** The place of a source that is named beside the one that names it. */
const PLACE = /new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g;

/** Sources find their neighbours, e.g. a thread's file, by their own place and not by the bundle's. */
const keepPlaces = (folder: string): Plugin => ({
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      if (file.includes('node_modules')) return undefined;
      const placeIn = (from: string, to: string) => path.relative(from, to).split(path.sep).join('/');
      const own = `new URL(${JSON.stringify(placeIn(folder, file))}, import.meta.url).href`;
      const contents = (await readFile(file, 'utf8'))
        .split(PLACE)
        // Every second part is what a source names.
        .map((part, index) => {
          if (index % 2 === 0) return part.replaceAll('import.meta.url', own);
          const name = BY_PLACE[placeIn(REPOSITORY, path.resolve(path.dirname(file), part))];
          return name === undefined
            ? `new URL('${part}', ${own})`
            : `new URL('./${name}.mjs', import.meta.url)`;
        })
        .join('')
        // The script of the page is built, too, and lies beside the bundle.
        .replaceAll(`new URL('../page/page.js', ${own})`, `new URL('./page.js', import.meta.url)`);
      return { loader: 'ts', contents };
    });
  },
});

/** CommonJS packages in the bundle call it for Node's own modules. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);`;

/**
 * Bundles the command, the trainer that it starts, and the client.
 * @param folder where to; it may be renamed afterwards. Its entry is `main.mjs`.
 * @returns the files that it is made of, from the repository's root.
 */
export async function bundleCommand(folder: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [
      { in: 'cli/entry.ts', out: 'main' },
      { in: 'client/create-client.ts', out: 'client' },
      ...Object.entries(BY_PLACE).map(entry),
    ],
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

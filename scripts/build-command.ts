// Bundles the `fovea` command into a few files, from which it starts in about half the time: Node reads no TypeScript and few files.
// `bin/fovea.mjs` runs the bundle as long as no source has changed since.

import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { BUNDLE_FOLDER, SOURCES_FILE } from './command-bundle.mjs';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/** Modules that threads import: they are in the bundle by their own names. */
const THREAD_MODULES = [{ in: 'core/predict/run-picture.ts', out: 'run-picture' }];

/** Sources find their neighbours, e.g. a thread's file, by their own place and not by the bundle's. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      if (file.includes('node_modules')) return undefined;
      const place = path.relative(path.join(REPOSITORY, BUNDLE_FOLDER), file).split(path.sep).join('/');
      const own = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
      let contents = (await readFile(file, 'utf8')).replaceAll('import.meta.url', own);
      for (const { out } of THREAD_MODULES)
        contents = contents.replaceAll(
          `new URL('./${out}.ts', ${own})`,
          `new URL('./${out}.mjs', import.meta.url)`,
        );
      return { loader: 'ts', contents };
    });
  },
};

/** CommonJS packages in the bundle call it for Node's own modules. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);`;

const target = path.join(REPOSITORY, BUNDLE_FOLDER);
/** As deep as the bundle's own folder, so that places hold. */
const work = `${target}.${process.pid}`;
const { metafile } = await build({
  absWorkingDir: REPOSITORY,
  entryPoints: [{ in: 'cli/entry.ts', out: 'main' }, ...THREAD_MODULES],
  outdir: work,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  keepNames: true,
  charset: 'utf8',
  metafile: true,
  external: ['libheif-js', 'onnxruntime-node', 'sharp', 'swagger-ui-dist', 'tsx', 'esbuild', '@tensorflow/*'],
  banner: { js: REQUIRE },
  plugins: [keepPlaces],
  logLevel: 'warning',
});
const sources: Record<string, number> = {};
for (const file of Object.keys(metafile.inputs)) {
  if (!file.startsWith('node_modules/')) sources[file] = (await stat(path.join(REPOSITORY, file))).mtimeMs;
}
// The packages are those of the lock file.
sources['package-lock.json'] = (await stat(path.join(REPOSITORY, 'package-lock.json'))).mtimeMs;
await writeFile(path.join(work, SOURCES_FILE), JSON.stringify(sources));
await rm(target, { recursive: true, force: true });
await rename(work, target);
console.log(`${BUNDLE_FOLDER}: ${Object.keys(sources).length} sources.`);

// Bundles the `fovea` command into a few files, from which it starts in about half the time: Node reads no TypeScript and few files.
// `bin/fovea.mjs` runs the bundle as long as no source has changed since.

import { execFile } from 'node:child_process';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleCommand, REPOSITORY } from './build-command/bundle-command.ts';
import { BUNDLE_FOLDER, SOURCES_FILE } from './command-bundle.mjs';

const target = path.join(REPOSITORY, BUNDLE_FOLDER);
/** As deep as the bundle's own folder, so that places hold. */
const work = `${target}.${process.pid}`;
const inputs = await bundleCommand(work);
const sources: Record<string, number> = {};
for (const file of inputs) {
  if (!file.startsWith('node_modules/')) sources[file] = (await stat(path.join(REPOSITORY, file))).mtimeMs;
}
// The packages are those of the lock file.
sources['package-lock.json'] = (await stat(path.join(REPOSITORY, 'package-lock.json'))).mtimeMs;
await writeFile(path.join(work, SOURCES_FILE), JSON.stringify(sources));
await promisify(execFile)(process.execPath, [
  createRequire(import.meta.url).resolve('typescript/bin/tsc'),
  ...['-p', path.join(REPOSITORY, 'client')],
  ...['--outDir', path.join(work, 'types')],
]);
await rm(target, { recursive: true, force: true });
await rename(work, target);
console.log(`${BUNDLE_FOLDER}: ${Object.keys(sources).length} sources.`);

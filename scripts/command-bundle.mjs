// The bundle of the `fovea` command: where it is, and whether it is that of the sources as they are. Plain JavaScript, so that the command
// can ask before it reads TypeScript.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the bundle, from the repository's root. */
export const BUNDLE_FOLDER = 'dist/fovea';
/** The file that names the sources of the bundle, and when each was changed. */
export const SOURCES_FILE = 'sources.json';

/**
 * @param {URL} root the repository's folder, with a slash at its end.
 * @returns {URL | undefined} The bundle's entry; undefined where there is none, or a source has changed since.
 */
export function findBundle(root = new URL('../', import.meta.url)) {
  // An installed package has no sources, and so no list of them.
  const main = new URL(`${BUNDLE_FOLDER}/main.mjs`, root);
  if (existsSync(main) && !existsSync(new URL(`${BUNDLE_FOLDER}/${SOURCES_FILE}`, root))) return main;
  try {
    const sources = JSON.parse(readFileSync(new URL(`${BUNDLE_FOLDER}/${SOURCES_FILE}`, root), 'utf8'));
    // Hundreds of files at each start: no URL is made of each.
    const folder = fileURLToPath(root);
    for (const file in sources) if (statSync(folder + file).mtimeMs !== sources[file]) return undefined;
    return main;
  } catch {
    return undefined;
  }
}

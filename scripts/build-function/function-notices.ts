// Writes the notices of a function: for the packages that it has, as code in its bundle or as folders, and for no others.

import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { contentsFile } from '../notices/license-texts.ts';
import { productionPackages } from '../notices/production-packages.ts';
import { renderPackages } from '../notices/render-packages.ts';

const compress = promisify(gzip);

/** The packages of a function's `node_modules`, nested ones too, e.g. `sharp/node_modules/semver`. */
export async function packageFolders(folder: string): Promise<string[]> {
  const modules = path.join(folder, 'node_modules');
  const files = await readdir(modules, { recursive: true });
  return files
    .filter((file) => path.basename(file) === 'package.json')
    .map((file) => path.dirname(file).split(path.sep).join('/'))
    .filter((name) => /(^|node_modules\/)(@[^/]+\/)?[^/]+$/.test(name));
}

/**
 * Writes `LICENSE`, `THIRD-PARTY-NOTICES.md` and, compressed, the files of LICENSES that the packages need.
 *
 * @param packages Their folders, as in package-lock.json.
 * @throws {Error} Where one is not a production package, or its license is not allowed.
 */
export async function writeFunctionNotices(
  repository: string,
  folder: string,
  packages: ReadonlySet<string>,
): Promise<void> {
  const all = productionPackages(
    JSON.parse(await readFile(path.join(repository, 'package-lock.json'), 'utf8')),
  );
  const locked = [...packages].map((wanted) => {
    const found = all.find(({ path: known }) => known === wanted);
    if (found !== undefined) return found;
    throw new Error(`The function has "${wanted}", which is no production package of package-lock.json.`);
  });
  const notices = `# Third-party notices\n\nOf the packages in this function.\n\n${await renderPackages(repository, locked)}`;
  await writeFile(path.join(folder, 'THIRD-PARTY-NOTICES.md'), notices);
  await copyFile(path.join(repository, 'LICENSE'), path.join(folder, 'LICENSE'));
  for (const contents of new Set(locked.flatMap((p) => contentsFile(repository, p) ?? []))) {
    const target = path.join(folder, `${contents}.gz`);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, await compress(await readFile(path.join(repository, contents))));
  }
}

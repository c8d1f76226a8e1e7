// Copies the project with its production packages alone. npm's own `--omit=dev` omits packages that production needs where
// development needs them, too: `npm sbom --omit=dev` of npm 10 and 11 names 105 of 163.

import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** What is read of package.json and written back. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly [field: string]: unknown;
}

/**
 * Makes a folder with package.json, package-lock.json and .npmrc, and deletes it when `work` has ended.
 *
 * @param folder a folder of the repository; `.npmrc` comes from the repository's root.
 */
export async function inProductionProject<Result>(
  repository: string,
  folder: string,
  work: (copy: string, manifest: Manifest) => Promise<Result>,
): Promise<Result> {
  const read = async (file: string) =>
    JSON.parse(await readFile(path.join(repository, folder, file), 'utf8'));
  const { devDependencies: _, overrides: __, ...manifest } = (await read('package.json')) as Manifest;
  const lockfile = await read('package-lock.json');
  const { devDependencies: ___, ...root } = lockfile.packages[''];
  const kept = Object.entries<{ dev?: boolean }>(lockfile.packages).filter(([, { dev }]) => dev !== true);
  const packages = { ...Object.fromEntries(kept), '': root };

  const temporary = await mkdtemp(path.join(os.tmpdir(), 'fovea-production-'));
  try {
    // npm takes a project's name from its folder.
    const copy = path.join(temporary, manifest.name);
    await mkdir(copy);
    await writeFile(path.join(copy, 'package.json'), JSON.stringify(manifest));
    await writeFile(path.join(copy, 'package-lock.json'), JSON.stringify({ ...lockfile, packages }));
    await copyFile(path.join(repository, '.npmrc'), path.join(copy, '.npmrc'));
    return await work(copy, manifest);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

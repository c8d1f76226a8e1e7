// Installs the packages that cannot be bundled, for one processor, without files that the function never reads.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { COMPRESSED_ENDING } from '../../core/stored-file.ts';
import { EXTERNAL_PACKAGES } from './bundle-function.ts';

const run = promisify(execFile);
const compress = promisify(gzip);

/** A processor that AWS Lambda has, by its name there. */
export type FunctionArchitecture = 'x86_64' | 'arm64';

/** Where the packages come from and for which processor they are. */
export interface NativePackagesOptions {
  readonly repository: string;
  /** Kept between builds: a second one needs no network. */
  readonly cache: string;
  readonly architecture: FunctionArchitecture;
}

/** Node's name of a processor. */
const CPU = { x86_64: 'x64', arm64: 'arm64' } as const;

/** Read by installers, compilers and people alone. */
const UNUSED_FILES = /\.([cm]?ts|map|md|markdown|h|hpp|cc|gyp)$/i;
/** Packages that are loaded at run time; the others belong to installers, which do not run. */
const USED_PACKAGES = [...EXTERNAL_PACKAGES, 'onnxruntime-common', '@img', 'detect-libc', 'semver'];
/** Folders of installers. */
const UNUSED_FOLDERS = ['onnxruntime-node/script', 'sharp/install', 'sharp/src'];
/** The files of packages of which only some are used, beside package.json, and how they are kept. */
const KEPT_FILES: Readonly<Record<string, Readonly<Record<string, 'plain' | 'compressed'>>>> = {
  'libheif-js': { 'libheif-wasm/libheif.js': 'plain', 'libheif-wasm/libheif.wasm': 'compressed' },
};

/** A `node_modules` for the function; installed once for each set of versions. */
export async function installNativePackages({
  repository,
  cache,
  architecture,
}: NativePackagesOptions): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8'));
  const wanted = Object.fromEntries(EXTERNAL_PACKAGES.map((name) => [name, dependencies[name]]));
  const rules = [UNUSED_FILES.source, ...USED_PACKAGES, ...UNUSED_FOLDERS, COMPRESSED_ENDING, KEPT_FILES];
  const hash = createHash('sha256')
    .update(JSON.stringify([wanted, architecture, rules]))
    .digest('hex');
  const folder = path.join(cache, `native-${architecture}-${hash.slice(0, 16)}`);
  if (await exists(folder)) return folder;

  const work = `${folder}.${process.pid}`;
  await mkdir(work, { recursive: true });
  try {
    await writeFile(path.join(work, 'package.json'), JSON.stringify({ private: true, dependencies: wanted }));
    // Its checksums apply to the packages that are installed here.
    await copyFile(path.join(repository, 'package-lock.json'), path.join(work, 'package-lock.json'));
    const target = ['--os=linux', `--cpu=${CPU[architecture]}`, '--libc=glibc'];
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev', ...target], {
      cwd: work,
    });
    const packages = path.join(work, 'node_modules');
    await prune(packages, CPU[architecture]);
    await rename(packages, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

async function prune(packages: string, cpu: string): Promise<void> {
  const remove = (...segments: string[]) =>
    rm(path.join(packages, ...segments), { recursive: true, force: true });
  // What sharp has in a version of its own is at the top for an installer.
  const ofSharp = await readdir(path.join(packages, 'sharp', 'node_modules')).catch((): string[] => []);
  for (const name of await readdir(packages)) {
    if (!USED_PACKAGES.includes(name) || ofSharp.includes(name)) await remove(name);
  }
  for (const folder of UNUSED_FOLDERS) await remove(folder);

  // onnxruntime-node/bin/napi-v<n>/<platform>/<cpu>
  const binaries = path.join(packages, 'onnxruntime-node', 'bin');
  for (const version of await readdir(binaries)) {
    for (const platform of await readdir(path.join(binaries, version))) {
      if (platform !== 'linux') await remove('onnxruntime-node', 'bin', version, platform);
    }
    for (const other of await readdir(path.join(binaries, version, 'linux'))) {
      if (other !== cpu) await remove('onnxruntime-node', 'bin', version, 'linux', other);
    }
  }
  for (const [name, files] of Object.entries(KEPT_FILES)) {
    await keepFiles(path.join(packages, name), files);
  }
  for (const file of await readdir(packages, { recursive: true, withFileTypes: true })) {
    if (file.isFile() && UNUSED_FILES.test(file.name)) await rm(path.join(file.parentPath, file.name));
  }
}

/** Removes all files of a package but package.json and those to be kept. */
async function keepFiles(folder: string, files: (typeof KEPT_FILES)[string]): Promise<void> {
  const kept = await Promise.all(
    Object.entries({ 'package.json': 'plain', ...files }).map(async ([file, form]) => {
      const bytes = await readFile(path.join(folder, file));
      return form === 'plain'
        ? { file, bytes }
        : { file: `${file}${COMPRESSED_ENDING}`, bytes: await compress(bytes) };
    }),
  );
  await rm(folder, { recursive: true });
  for (const { file, bytes } of kept) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), bytes);
  }
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

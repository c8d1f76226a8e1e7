// Set-up of a native back end: sources of the addon by npm, TensorFlow's libraries from its wheel by pip, one compilation,
// a trial run, and then one rename; where that fails, tfjs-node's own installer. Until the rename the final folder does not
// exist, and the next try resumes.

import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FoveaError, isFoveaError } from '../../../core/errors/errors.ts';
import { makeFolder } from '../../../core/make-folder.ts';
import { addonPath, hasAddon, type NativeVariant } from '../addon/addon.ts';
import { compileAddon, findCompiler, tryAddon } from './build-addon.ts';
import { downloadWheel, findPip, unpackWheels } from './fetch-wheels.ts';
import { buildLoader, linkProvider } from './onnx-provider.ts';
import { installByPackage } from './package-installer.ts';
import { isDiskFull, runCommand } from './run-command.ts';
import {
  alreadyRunning,
  bothWaysFailed,
  diskFull,
  folderUnwritable,
  packagesFailed,
  unsupported,
} from './setup-errors.ts';
import { trimFolder } from './trim-folder.ts';
import { linkLibraries, tryLibraries } from './try-libraries.ts';
import { findWheels, type WheelSet } from './wheels.ts';

/** The steps of set-up, in their order. */
export type SetUpStep = 'check' | 'packages' | 'download' | 'unpack' | 'compile' | 'try' | 'install' | 'done';

/** Where set-up is. */
export interface SetUpProgress {
  readonly step: SetUpStep;
  /** For people. */
  readonly message: string;
  /** Bytes, where a step has a size. */
  readonly done?: number;
  readonly total?: number;
}

/** What is set up, and where. */
export interface SetUpOptions {
  readonly variant: NativeVariant;
  /** The folder to make; see native-directory.ts. */
  readonly directory: string;
  /** The environment of the programs that set-up runs: PATH, and what configures npm and pip. */
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress?: (progress: SetUpProgress) => void;
  /** More arguments for `pip download`, e.g. `--no-index --find-links DIR` where there is no index. */
  readonly pipArguments?: readonly string[];
  /** Whether imported backbones run on the GPU, too; default: no. */
  readonly imported?: boolean;
  /** Other wheels than the pinned ones. */
  readonly wheels?: WheelSet;
}

/** What set-up has made, or has found made. */
export interface SetUpResult {
  readonly directory: string;
  /** False where it was all there before. */
  readonly built: boolean;
  readonly tensorflowVersion: string;
}

/** Where the package with the addon's sources is described. */
const PACKAGE_DIRECTORY = fileURLToPath(new URL('../../native', import.meta.url));

/**
 * Builds the addon of a variant, unless it is there. Resumable: what was downloaded stays until the end.
 *
 * @throws {FoveaError} What barred the first way, and how the second failed: `native-unsupported-platform`, `native-no-pip`, `native-no-compiler`, `native-folder-unwritable`, `native-disk-full`,
 * `native-packages-failed`, `native-download-failed`, `native-hash-mismatch`, `native-build-failed`,
 * `native-load-failed`, `native-setup-running`.
 */
export async function setUpNative(options: SetUpOptions): Promise<SetUpResult> {
  const { variant, directory } = options;
  const report = (step: SetUpStep, message: string) => options.onProgress?.({ step, message });
  report('check', 'Looking at what is there');
  const wheels = options.wheels ?? findWheels(variant, options.imported);
  const present = await versionOf(options, wheels);
  if (present !== undefined) {
    await finish(directory, variant);
    report('done', `TensorFlow ${present} is set up in ${directory}`);
    return { directory, built: false, tensorflowVersion: present };
  }
  const work = `${directory}.partial`;
  await makeFolder(work).catch((error: NodeJS.ErrnoException) => {
    throw folderUnwritable(directory, error);
  });
  const release = await lock(`${directory}.lock`, directory);
  try {
    const tensorflowVersion = await build(options, wheels, work, report);
    await rm(directory, { recursive: true, force: true });
    await rename(work, directory);
    await finish(directory, variant);
    report('done', `TensorFlow ${tensorflowVersion} is set up in ${directory}`);
    return { directory, built: true, tensorflowVersion };
  } catch (error) {
    if (isDiskFull(String(error))) throw diskFull(directory, wheels?.diskBytes ?? INSTALLER_DISK_BYTES);
    throw error;
  } finally {
    await release();
  }
}

/** What may be done twice, and does not matter to whether the folder works. */
async function finish(directory: string, variant: NativeVariant): Promise<void> {
  await trimFolder(directory, variant);
  await linkProvider(directory);
}

/** Failures of the first way after which the second may work. A wrong hash is not among them: it is looked into. */
const PASSABLE = [
  'native-unsupported-platform',
  'native-no-pip',
  'native-no-compiler',
  'native-download-failed',
  'native-build-failed',
  'native-load-failed',
] as const;

/** What the installer unpacks. */
const INSTALLER_DISK_BYTES = 2 ** 30;

type Report = (step: SetUpStep, message: string) => void;

async function build(
  options: SetUpOptions,
  wheels: WheelSet | undefined,
  work: string,
  report: Report,
): Promise<string> {
  const { variant, env } = options;
  try {
    if (wheels === undefined) throw unsupported(variant, `${process.platform}-${process.arch}`);
    return await buildFromWheels(options, wheels, work, report);
  } catch (error) {
    if (variant !== 'cpu' || !PASSABLE.some((code) => isFoveaError(error, code))) throw error;
    report('install', 'That way is barred; trying tfjs-node’s own installer');
    try {
      await installPackages(work, env);
      const version = await installByPackage(work, env);
      for (const part of WHEEL_PARTS) await rm(path.join(work, part), { recursive: true, force: true });
      return version;
    } catch (second) {
      throw isDiskFull(String(second)) ? second : bothWaysFailed(error as FoveaError, second);
    }
  }
}

/** What the first way leaves in the folder beside the packages. */
const WHEEL_PARTS = ['wheels', 'python', 'unpacked.json'] as const;

async function buildFromWheels(
  options: SetUpOptions,
  wheels: WheelSet,
  work: string,
  report: Report,
): Promise<string> {
  const { variant, env, directory, onProgress, pipArguments = [] } = options;
  // Cheap checks before large downloads.
  const compiler = await findCompiler(env, work);
  const python = await findPip(env, work);
  const unpacked = path.join(work, 'unpacked.json');
  if (!existsSync(unpacked)) await checkDisk(directory, work, wheels.diskBytes);

  report('packages', 'Installing the addon’s sources');
  await installPackages(work, env);

  if (!existsSync(unpacked)) {
    const files: { file: string; keeps: readonly string[] }[] = [];
    for (const wheel of [wheels.tensorflow, ...wheels.cuda]) {
      const message = `Downloading ${wheel.name} ${wheel.version}`;
      report('download', message);
      const onBytes = (done: number, total: number) =>
        onProgress?.({ step: 'download', message, done, total });
      const target = path.join(work, 'wheels');
      const platforms = wheels.platforms;
      const file = await downloadWheel(wheel, { python, target, platforms, pipArguments, env, onBytes });
      files.push({ file, keeps: wheel.keeps });
    }
    report('unpack', 'Unpacking headers and libraries');
    await unpackWheels(files, path.join(work, 'python'), { python, env });
    await writeFile(unpacked, JSON.stringify({ wheels: files.map(({ file }) => path.basename(file)) }));
  }
  await rm(path.join(work, 'wheels'), { recursive: true, force: true });

  report('compile', 'Compiling the addon');
  await compileAddon(compiler, work, variant, env);
  report('try', 'Trying it');
  await linkLibraries(work);
  if (variant === 'gpu') await tryLibraries(compiler, work, wheels, env);
  await buildLoader(compiler, work, env);
  return tryAddon(addonPath(work, variant), env);
}

/** TensorFlow's version where the folder is whole and works; a broken one, or one that lacks a library, is built again. */
async function versionOf(
  { directory, variant, env }: SetUpOptions,
  wheels: WheelSet | undefined,
): Promise<string | undefined> {
  if (!hasAddon(directory, variant)) return undefined;
  if (existsSync(path.join(directory, 'unpacked.json')) && wheels !== undefined) {
    const files = [wheels.tensorflow, ...wheels.cuda].flatMap(({ keeps }) => keeps);
    if (!files.every((file) => existsSync(path.join(directory, 'python', file)))) return undefined;
    await linkLibraries(directory);
  }
  return tryAddon(addonPath(directory, variant), env).catch(() => undefined);
}

async function installPackages(work: string, env: NodeJS.ProcessEnv): Promise<void> {
  const done = path.join(work, 'packages.json');
  const lockfile = await readFile(path.join(PACKAGE_DIRECTORY, 'package-lock.json'), 'utf8');
  if (existsSync(done) && (await readFile(done, 'utf8')) === lockfile) return;
  for (const file of ['package.json', 'package-lock.json']) {
    await cp(path.join(PACKAGE_DIRECTORY, file), path.join(work, file));
  }
  // The packages' own install scripts would fetch another TensorFlow.
  const { code, tail } = await runCommand('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: work,
    env,
  });
  if (code !== 0) throw isDiskFull(tail) ? new Error(tail) : packagesFailed(tail);
  await writeFile(done, lockfile);
}

async function checkDisk(directory: string, work: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(work);
  const free = bavail * bsize;
  if (free < needed) throw diskFull(directory, needed, free);
}

/** One set-up of a folder at a time; the lock of a process that is gone does not count. */
async function lock(file: string, directory: string): Promise<() => Promise<void>> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
    if (pid > 0 && isAlive(pid)) throw alreadyRunning(directory, pid);
    await writeFile(file, String(process.pid));
  }
  return () => rm(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

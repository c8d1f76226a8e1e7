// Downloads wheels by pip, from whatever index it is configured for, and unpacks what is needed of them.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../../../core/make-folder.ts';
import { isDiskFull, runCommand } from './run-command.ts';
import { downloadFailed, hashMismatch, noPip } from './setup-errors.ts';
import { type Wheel, wheelPrefix } from './wheel.ts';
import { HEADERS } from './wheels.ts';

/** A Python that has pip. */
export interface Python {
  readonly command: string;
  /** Whether its pip reports bytes while it downloads (24.1 and later). */
  readonly reportsBytes: boolean;
}

const RAW_PROGRESS_VERSION = 24.1;

/**
 * The Python whose pip downloads wheels.
 *
 * @throws {FoveaError} `native-no-pip` where `python3 -m pip` does not run.
 */
export async function findPip(env: NodeJS.ProcessEnv, cwd: string): Promise<Python> {
  const { code, tail } = await runCommand('python3', ['-m', 'pip', '--version'], { cwd, env });
  if (code !== 0) throw noPip(tail);
  const version = Number(/^pip (\d+\.\d+)/m.exec(tail)?.[1] ?? 0);
  return { command: 'python3', reportsBytes: version >= RAW_PROGRESS_VERSION };
}

/** Where a wheel is downloaded to, and how. */
export interface DownloadOptions {
  readonly python: Python;
  /** The folder to download to. */
  readonly target: string;
  readonly platforms: readonly string[];
  readonly pipArguments: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly onBytes: (done: number, total: number) => void;
}

/**
 * Downloads a wheel, unless it is there.
 *
 * @returns Its path.
 * @throws {FoveaError} `native-download-failed`, `native-hash-mismatch`.
 */
export async function downloadWheel(wheel: Wheel, options: DownloadOptions): Promise<string> {
  const { python, target, platforms, pipArguments, env, onBytes } = options;
  const label = `${wheel.name} ${wheel.version}`;
  await makeFolder(target);
  const known = await findFile(target, wheel);
  if (known !== undefined) {
    if ((await sha256(known)) === wheel.sha256) return known;
    await rm(known);
  }
  const args = [
    ...['-m', 'pip', 'download', `${wheel.name}==${wheel.version}`],
    ...['--no-deps', '--only-binary', ':all:', '--dest', target, '--disable-pip-version-check'],
    ...['--python-version', '311', '--implementation', 'cp', '--abi', 'cp311', '--abi', 'none'],
    ...platforms.flatMap((platform) => ['--platform', platform]),
    ...['--progress-bar', python.reportsBytes ? 'raw' : 'off'],
    ...pipArguments,
  ];
  const onLine = (line: string) => {
    const progress = /^Progress (\d+) of (\d+)/.exec(line);
    if (progress !== null) onBytes(Number(progress[1]), Number(progress[2]));
  };
  const { code, tail } = await runCommand(python.command, args, { cwd: target, env, onLine });
  if (isDiskFull(tail)) throw new Error(tail);
  const file = await findFile(target, wheel);
  if (code !== 0 || file === undefined) throw downloadFailed(label, tail);
  const received = await sha256(file);
  if (received === wheel.sha256) return file;
  await rm(file);
  throw hashMismatch(label, wheel.sha256, received);
}

async function findFile(directory: string, wheel: Wheel): Promise<string | undefined> {
  const prefix = wheelPrefix(wheel);
  const name = (await readdir(directory)).find((file) => file.startsWith(prefix) && file.endsWith('.whl'));
  return name === undefined ? undefined : path.join(directory, name);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** What is taken of a wheel, its licenses with it. A file that is named and not there is an error: the list is of another version. */
const UNPACK = `
import json, os, re, sys, zipfile
target, wheels, headers = sys.argv[1], *map(json.loads, sys.argv[2:])
LICENSE = re.compile(r'[^/]+\\.dist-info/(licenses/.|licen[cs]e|notice)', re.I)
for wheel in wheels:
    with zipfile.ZipFile(wheel['file']) as archive:
        for name in wheel['keeps']:
            path = archive.extract(name, target)
            if archive.getinfo(name).external_attr >> 16 & 0o111:
                os.chmod(path, 0o755)
        for name in archive.namelist():
            if LICENSE.match(name) or name.endswith('.h') and name.startswith(tuple(headers)):
                archive.extract(name, target)
`;

/** Unpacks what is needed of the wheels, in their own layout, by which the libraries find each other. */
export async function unpackWheels(
  wheels: readonly { readonly file: string; readonly keeps: readonly string[] }[],
  target: string,
  { python, env }: { readonly python: Python; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await makeFolder(target);
  const script = path.join(target, 'unpack.py');
  await writeFile(script, UNPACK);
  const { code, tail } = await runCommand(
    python.command,
    [script, target, JSON.stringify(wheels), JSON.stringify(HEADERS)],
    { cwd: target, env },
  );
  await rm(script);
  if (code !== 0)
    throw isDiskFull(tail)
      ? new Error(tail)
      : downloadFailed(wheels.map(({ file }) => path.basename(file)).join(', '), tail);
}

// Set-up of a native back end, and every way in which it fails: planted, met, said, and gone at the next try.

import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type SetUpOptions, type SetUpStep, setUpNative } from '../../../batch-job/tensorflow/setup/setup.ts';
import { type FakeWorld, fakeWorldProblem, makeFakeWorld } from '../../support/fake-native.ts';

const problem = fakeWorldProblem();
if (problem !== undefined) console.warn(`Skipped: ${problem}`);

let folder: string;
let world: FakeWorld;
let options: SetUpOptions;
let count = 0;
beforeAll(() => {
  if (problem !== undefined) return;
  folder = mkdtempSync(path.join(tmpdir(), 'fovea-setup-'));
  world = makeFakeWorld(folder);
});
beforeEach(() => {
  const { env, pipArguments, wheels } = world;
  const directory = path.join(folder, `cache-${count++}/native`);
  options = { variant: 'cpu', directory, env, pipArguments, wheels };
});
afterEach(() => world.reset());
afterAll(() => {
  if (problem === undefined) rmSync(folder, { recursive: true, force: true });
});

async function expectSuccess(): Promise<readonly SetUpStep[]> {
  const steps: SetUpStep[] = [];
  const result = await setUpNative({ ...options, onProgress: ({ step }) => steps.push(step) });
  expect(result).toEqual({ directory: options.directory, built: true, tensorflowVersion: '0.0.1' });
  expect(readdirSync(path.dirname(options.directory))).toEqual(['native']);
  return steps;
}

/** The failure, after which nothing looks finished. */
async function expectFailure(code: string, message: RegExp): Promise<void> {
  await expect(setUpNative(options)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
  expect(existsSync(options.directory)).toBe(false);
  expect(existsSync(`${options.directory}.lock`)).toBe(false);
}

describe.skipIf(problem !== undefined)('set-up', () => {
  test('builds in steps, and finds it all there the second time', async () => {
    expect(await expectSuccess()).toEqual([
      'check',
      'packages',
      'download',
      'unpack',
      'compile',
      'try',
      'done',
    ]);
    world.program('python3', undefined);
    world.program('g++', undefined);
    const unneeded = path.join(options.directory, 'python/nvidia/cuda_runtime/lib/libcudart_static.a');
    mkdirSync(path.dirname(unneeded), { recursive: true });
    writeFileSync(unneeded, '');
    expect(await setUpNative(options)).toMatchObject({ built: false, tensorflowVersion: '0.0.1' });
    const unpacked = (file: string) => existsSync(path.join(options.directory, 'python', file));
    expect(unpacked('tensorflow/python/large.py')).toBe(false);
    expect(unpacked('tensorflow/include/LICENSE')).toBe(true);
    expect(unpacked('tensorflow/THIRD_PARTY_NOTICES.txt')).toBe(true);
    expect(unpacked('fake_tensorflow-0.0.1.dist-info/licenses/License.txt')).toBe(true);
    expect(unpacked('tensorflow/include/tensorflow')).toBe(false);
    expect(unpacked('nvidia')).toBe(false);
    expect(readdirSync(options.directory).sort()).toEqual(['node_modules', 'python', 'unpacked.json']);
    expect(readdirSync(path.join(options.directory, 'node_modules/@tensorflow/tfjs-node'))).toEqual(['lib']);
  });

  test('without Python names pip and what to install', async () => {
    world.program('python3', undefined);
    await expectFailure('native-no-pip', /python3-pip/);
  });

  test('with a Python without pip says what it said', async () => {
    world.program('python3', 'echo "No module named pip" >&2; exit 1');
    await expectFailure('native-no-pip', /No module named pip/);
  });

  test('without a compiler names it, before anything is downloaded', async () => {
    world.program('g++', undefined);
    await expectFailure('native-no-compiler', /g\+\+/);
    expect(existsSync(`${options.directory}.partial/wheels`)).toBe(false);
  });

  test('stops at a failing npm, and goes on at the next try', async () => {
    world.program('npm', 'echo "registry unreachable" >&2; exit 1');
    await expectFailure('native-packages-failed', /registry unreachable/);
    world.reset();
    await expectSuccess();
  });

  test('does not use a wheel of another hash, and takes the right one at the next try', async () => {
    const right = readFileSync(world.wheelFile);
    writeFileSync(world.wheelFile, Buffer.concat([right, Buffer.from('x')]));
    await expectFailure('native-hash-mismatch', /sha256/);
    writeFileSync(world.wheelFile, right);
    await expectSuccess();
  });

  test('downloads a wheel again that lies there cut off', async () => {
    const right = readFileSync(world.wheelFile);
    world.program('g++', 'case "$1" in --version) exit 0;; esac; exit 1');
    await expectFailure('native-build-failed', /did not compile/);
    rmSync(`${options.directory}.partial/unpacked.json`);
    const wheels = `${options.directory}.partial/wheels`;
    mkdirSync(wheels);
    writeFileSync(path.join(wheels, path.basename(world.wheelFile)), right.subarray(0, 100));
    world.reset();
    await expectSuccess();
  });

  test('says that the index has no such wheel', async () => {
    rmSync(world.wheelFile);
    await expectFailure('native-download-failed', /pip config list/);
  });

  test('does not start on a disk that is too small', async () => {
    options = { ...options, wheels: { ...world.wheels, diskBytes: 2 ** 60 } };
    await expectFailure('native-disk-full', /free/);
    options = { ...options, wheels: world.wheels };
    await expectSuccess();
  });

  test('says so where its folder cannot be made', async () => {
    options = { ...options, directory: '/proc/fovea/tensorflow' };
    await expectFailure('native-folder-unwritable', /ENOENT.*XDG_CACHE_HOME/);
  });

  test('says so where the disk fills up on the way', async () => {
    world.program('npm', 'echo "npm error ENOSPC: no space left on device" >&2; exit 1');
    await expectFailure('native-disk-full', /another folder/);
  });

  test('does not finish with an addon that does not run', async () => {
    writeFileSync(world.sourceFile, 'int nothing;');
    await expectFailure('native-load-failed', /does not run/);
    world.reset();
    rmSync(`${options.directory}.partial/packages.json`);
    await expectSuccess();
  });

  test('stops where a wheel lacks a file that a job needs', async () => {
    const { tensorflow } = world.wheels;
    const keeps = [...tensorflow.keeps, 'tensorflow/libtensorflow_new.so.3'];
    options = { ...options, wheels: { ...world.wheels, tensorflow: { ...tensorflow, keeps } } };
    await expectFailure('native-download-failed', /libtensorflow_new/);
  });

  test('builds again what was finished and is broken, or lacks a file', async () => {
    await expectSuccess();
    writeFileSync(path.join(options.directory, 'python/tensorflow/libtensorflow_cc.so.2'), '');
    await expectSuccess();
    rmSync(path.join(options.directory, 'python/tensorflow/THIRD_PARTY_NOTICES.txt'));
    await expectSuccess();
  });

  test.each(['npm', 'g++'])('killed in the middle of %s, goes on at the next try', async (program) => {
    const slow = program === 'npm' ? 'sleep 20' : 'case "$1" in --version) exit 0;; esac; sleep 20';
    world.program(program, slow);
    const script = path.resolve(import.meta.dirname, '../../support/run-setup.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const reached = program === 'npm' ? 'packages' : 'compile';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (data: Buffer) => {
        if (data.toString().includes(reached)) resolve();
      });
      child.on('exit', () => reject(new Error(`Set-up ended before ${reached}.`)));
    });
    await expect(setUpNative(options)).rejects.toMatchObject({ code: 'native-setup-running' });
    const gone = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(existsSync(options.directory)).toBe(false);
    world.reset();

    await expectSuccess();
  });

  test.each(['python3', 'g++'])(
    'without %s takes the addon of tfjs-node’s own installer',
    async (program) => {
      world.ownInstaller();
      world.program(program, undefined);
      expect(await expectSuccess()).toContain('install');
      expect(readdirSync(options.directory)).not.toContain('wheels');
    },
  );

  test('says how both ways failed, and goes on at the next try whichever opens', async () => {
    world.program('python3', undefined);
    await expectFailure('native-no-pip', /python3-pip[\s\S]*second way[\s\S]*out of reach/);
    const half = path.join(`${options.directory}.partial`, 'node_modules/@tensorflow/tfjs-node/deps');
    mkdirSync(half);
    world.ownInstaller();
    expect(await expectSuccess()).toContain('install');
    expect(
      existsSync(path.join(options.directory, path.relative(`${options.directory}.partial`, half))),
    ).toBe(false);
    rmSync(options.directory, { recursive: true });
    world.reset();
    expect(await expectSuccess()).toContain('compile');
  });

  test('leaves the second way alone where a hash is wrong, and for a GPU', async () => {
    world.ownInstaller();
    writeFileSync(world.wheelFile, Buffer.concat([readFileSync(world.wheelFile), Buffer.from('x')]));
    await expectFailure('native-hash-mismatch', /sha256/);
    world.program('python3', undefined);
    options = { ...options, variant: 'gpu' };
    await expect(setUpNative(options)).rejects.toMatchObject({
      code: 'native-no-pip',
      message: expect.not.stringContaining('second way') as string,
    });
  });

  test('has no wheel for a platform that has none, and takes the second way there', async () => {
    const { wheels: _, ...rest } = options;
    const platform = Object.getOwnPropertyDescriptor(process, 'platform');
    Object.defineProperty(process, 'platform', { value: 'sunos' });
    try {
      await expect(setUpNative(rest)).rejects.toMatchObject({ code: 'native-unsupported-platform' });
      world.ownInstaller();
      expect(await setUpNative(rest)).toMatchObject({ built: true, tensorflowVersion: '0.0.1' });
    } finally {
      if (platform !== undefined) Object.defineProperty(process, 'platform', platform);
    }
  });
});

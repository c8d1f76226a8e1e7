// The door: what it opens, and what it says where a back end is not to be had.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addonPath } from '../../../batch-job/tensorflow/native/addon.ts';
import { findGpuProblem } from '../../../batch-job/tensorflow/native/find-gpu.ts';
import { nativeDirectory } from '../../../batch-job/tensorflow/native/native-directory.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fovea-engine-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function touch(...files: readonly string[]): void {
  for (const file of files) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), '');
  }
}

describe('openEngine', () => {
  test('native, where it is not built, fails with the command that builds it', async () => {
    await expect(openEngine({ backend: 'native', cacheDirectory: folder })).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(/not built.*`fovea setup`/s) as string,
    });
  });

  test('native, where the addon is broken, fails with what the loader said', async () => {
    touch(path.relative(folder, addonPath(nativeDirectory(folder, 'cpu'), 'cpu')));
    await expect(openEngine({ backend: 'native', cacheDirectory: folder })).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(/does not load \(.*file too short/s) as string,
    });
  });

  test('auto is portable where nothing better is built, and says what the better ones lack', async () => {
    const { info } = await openEngine({ backend: 'auto', cacheDirectory: folder });
    expect(info.backend).toBe('portable');
    expect(info.reason).toMatch(/gpu: .*; native: the addon is not built/);
    expect(info.devices).toEqual([expect.stringMatching(/^CPU, WebAssembly/)]);
  });
});

describe('a GPU', () => {
  test('is missed with its driver', async () => {
    expect(findGpuProblem(folder)).toMatch(/no NVIDIA driver/);
    if (findGpuProblem() === undefined) return;
    await expect(openEngine({ backend: 'gpu', cacheDirectory: folder })).rejects.toMatchObject({
      code: 'backend-unavailable',
    });
  });

  test('is missed where the container has none of the devices', () => {
    touch('proc/driver/nvidia/version', 'dev/nvidiactl');
    expect(findGpuProblem(folder)).toMatch(/no device \(\/dev\/nvidia0\)/);
  });

  test('is there with driver and devices, and under Windows Subsystem for Linux', () => {
    touch('proc/driver/nvidia/version', 'dev/nvidiactl', 'dev/nvidia0');
    expect(findGpuProblem(folder)).toBeUndefined();
    rmSync(path.join(folder, 'proc'), { recursive: true });
    touch('dev/dxg');
    expect(findGpuProblem(folder)).toBeUndefined();
  });
});

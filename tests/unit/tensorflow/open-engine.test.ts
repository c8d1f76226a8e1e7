// Which back end openEngine opens, and what it says where one is not available.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addonPath } from '../../../batch-job/tensorflow/addon/addon.ts';
import type { TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import { countGpus, findGpuProblem } from '../../../batch-job/tensorflow/native/find-gpu.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { openPortableEngine } from '../../../batch-job/tensorflow/portable/open-portable-engine.ts';
import { nativeDirectory } from '../../../batch-job/tensorflow/setup/native-directory.ts';
import { LAYER_BATCH, LAYER_NETWORKS, LAYER_SAMPLES, layerWeights } from '../../support/layer-networks.ts';

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

function trainerOptions(): TrainerOptions {
  const [[, network] = []] = LAYER_NETWORKS;
  if (network === undefined) throw new Error('There are no layer networks.');
  const weights = layerWeights(network);
  return { network, weights, optimizer: { type: 'sgd' }, seed: 0, batchSize: LAYER_SAMPLES };
}

describe('openEngine', () => {
  test('rejects native where it is not built, and names the command that builds it', async () => {
    await expect(openEngine({ backend: 'native', cacheDirectory: folder })).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(/not built.*`npx fovea setup`/s) as string,
    });
  });

  test('rejects native where the addon is broken, with the message of the loader', async () => {
    touch(path.relative(folder, addonPath(nativeDirectory(folder, 'cpu'), 'cpu')));
    await expect(openEngine({ backend: 'native', cacheDirectory: folder })).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(/does not load \(.*file too short/s) as string,
    });
  });

  test('opens portable for auto where nothing better is built, and says what the better ones lack', async () => {
    const { info } = await openEngine({ backend: 'auto', cacheDirectory: folder });
    expect(info.backend).toBe('portable');
    expect(info.reason).toMatch(/gpu: .*; native: the addon is not built/);
    expect(info.devices).toEqual([expect.stringMatching(/^CPU, ONNX Runtime/)]);
  });

  test('portable falls back to WebAssembly where ONNX Runtime does not load, and says why', async () => {
    const loadOnnxRuntime = () => Promise.reject(new Error('libc.so.6: version not found'));
    const engine = await openPortableEngine({ loadOnnxRuntime }, 'it was asked for');
    expect(engine.info.reason).toMatch(/^it was asked for; ONNX Runtime does not load \(libc/);
    expect(engine.info.devices).toEqual([expect.stringMatching(/^CPU, WebAssembly/)]);
    const trainer = await engine.createTrainer(trainerOptions());
    expect((await trainer.step(LAYER_BATCH, 0.1)).loss).toBeGreaterThan(0);
    trainer.dispose();
    await expect(engine.createTrainer({ ...trainerOptions(), executor: 'graph' })).rejects.toMatchObject({
      code: 'executor-unavailable',
    });
  });

  test('opens portable twice without printing anything', async () => {
    const warn = vi.spyOn(console, 'warn');
    for (let i = 0; i < 2; i++) {
      const engine = await openEngine({ backend: 'portable' });
      (await engine.createTrainer({ ...trainerOptions(), executor: 'eager' })).dispose();
    }
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});

describe('the check for a GPU', () => {
  test('finds that the driver is missing', async () => {
    expect(findGpuProblem(folder)).toMatch(/no NVIDIA driver/);
    if (findGpuProblem() === undefined) return;
    await expect(openEngine({ backend: 'gpu', cacheDirectory: folder })).rejects.toMatchObject({
      code: 'backend-unavailable',
    });
  });

  test('finds that the container has none of the devices', () => {
    touch('proc/driver/nvidia/version', 'dev/nvidiactl');
    expect(findGpuProblem(folder)).toMatch(/no device \(\/dev\/nvidia0\)/);
  });

  test('counts the devices, and is content with one that it does not see', () => {
    expect(countGpus(folder)).toBe(1);
    touch('dev/nvidiactl', 'dev/nvidia-uvm', 'dev/nvidia0', 'dev/nvidia3', 'dev/nvidia11');
    expect(countGpus(folder)).toBe(3);
  });

  test('finds no problem with driver and devices, or under Windows Subsystem for Linux', () => {
    touch('proc/driver/nvidia/version', 'dev/nvidiactl', 'dev/nvidia0');
    expect(findGpuProblem(folder)).toBeUndefined();
    rmSync(path.join(folder, 'proc'), { recursive: true });
    touch('dev/dxg');
    expect(findGpuProblem(folder)).toBeUndefined();
  });
});

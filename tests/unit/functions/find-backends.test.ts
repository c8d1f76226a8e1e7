import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { findGpuModel } from '../../../batch-job/tensorflow/native/find-gpu-model.ts';
import type { Diagnosis } from '../../../core/job/estimate/ask-doctor.ts';
import { createBackendFinder } from '../../../functions/deps/find-backends.ts';

const root = await mkdtemp(path.join(tmpdir(), 'fovea-backends-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const MINUTE_MS = 60_000;
const NO_GPU: Diagnosis = {
  best: 'portable',
  missing: { gpu: 'no driver', native: 'not set up' },
  gpuModel: null,
};

function finderOf(...answers: readonly (Diagnosis | Error)[]) {
  const state = { nowMs: 0, asked: 0, errors: [] as unknown[] };
  const finder = createBackendFinder({
    ask: async () => {
      const answer = answers[Math.min(state.asked++, answers.length - 1)];
      if (answer instanceof Error) throw answer;
      return `${JSON.stringify(answer)}\n`;
    },
    onError: (error) => state.errors.push(error),
    clock: () => state.nowMs,
  });
  return { finder, state };
}

describe('createBackendFinder', () => {
  it('asks once, tells what it knows without waiting, and asks again after ten minutes', async () => {
    const { finder, state } = finderOf(NO_GPU, {
      best: 'native',
      missing: { gpu: 'no driver' },
      gpuModel: null,
    });
    expect(finder.known()).toBeUndefined();
    const { best, missing } = NO_GPU;
    expect(await finder.find()).toEqual({ backends: { best, missing }, gpu: undefined });
    expect([finder.known()?.backends?.best, state.asked]).toEqual(['portable', 1]);
    state.nowMs = 11 * MINUTE_MS;
    expect(finder.known()?.backends?.best).toBe('portable');
    expect((await finder.find())?.backends?.best).toBe('native');
    expect(state.asked).toBe(2);
  });

  it.each([
    ['NVIDIA A10G', 'A10G'],
    ['NVIDIA H100 80GB HBM3', 'H100'],
    ['Tesla T4', 'T4'],
    ['NVIDIA L40S', 'L40S'],
    ['NVIDIA GeForce RTX 3060', undefined],
  ])('knows %s', async (gpuModel, gpu) => {
    const { finder } = finderOf({ best: 'gpu', missing: {}, gpuModel });
    expect(await finder.find()).toEqual({ backends: { best: 'gpu', missing: {} }, gpu });
  });

  it('knows how many GPUs share a batch', async () => {
    const { finder } = finderOf({ best: 'gpu', missing: {}, gpuModel: 'NVIDIA L4', gpuCount: 4 });
    expect(await finder.find()).toMatchObject({ gpu: 'L4', gpuCount: 4 });
  });

  it('knows nothing where the doctor fails, and keeps what it knew', async () => {
    const { finder, state } = finderOf(new Error('no doctor'), NO_GPU, new Error('gone'));
    expect(await finder.find()).toBeUndefined();
    expect(state.errors).toHaveLength(1);
    state.nowMs = 11 * MINUTE_MS;
    await finder.find();
    state.nowMs = 22 * MINUTE_MS;
    expect((await finder.find())?.backends?.best).toBe('portable');
  });
});

describe('the doctor, for programs', () => {
  it('tells the best back end, and what the better ones lack in the given cache folder', async () => {
    const entry = path.resolve('batch-job/doctor.ts');
    const args = ['--import', import.meta.resolve('tsx'), entry, '--json'];
    const env = { ...process.env, XDG_CACHE_HOME: root };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    const { best, missing } = JSON.parse(stdout) as Diagnosis;
    expect(best).toBe('portable');
    expect(missing.gpu).toMatch(/fovea|driver/);
    expect(missing.native).toContain('npx fovea setup');
  }, 120_000);
});

describe('findGpuModel', () => {
  it("is the driver's name of the first GPU, and null without one", async () => {
    expect(findGpuModel(root)).toBeNull();
    const folder = path.join(root, 'proc/driver/nvidia/gpus/0000:00:1e.0');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'information'), 'Model: \t\t NVIDIA A10G\nIRQ:   \t\t 10\n');
    expect(findGpuModel(root)).toBe('NVIDIA A10G');
  });
});

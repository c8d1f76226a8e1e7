import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readMachineMemory } from '../../../batch-job/memory/machine-memory.ts';

const GIB = 2 ** 30;

describe('readMachineMemory', () => {
  let programs: string;
  beforeEach(() => {
    programs = mkdtempSync(path.join(os.tmpdir(), 'fovea-smi-'));
    vi.stubEnv('PATH', `${programs}${path.delimiter}${process.env['PATH'] ?? ''}`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(programs, { recursive: true });
  });

  /** A driver whose tool answers so. */
  function driver(script: string) {
    const file = path.join(programs, 'nvidia-smi');
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  it('leaves a tenth of a GPU to what else is on it', async () => {
    driver('echo 16384, 500; echo 8192, 0');
    const { deviceBytes, freeBytes, freeName } = await readMachineMemory('gpu', undefined);
    expect(deviceBytes).toBe(16 * GIB);
    expect(freeBytes).toBeCloseTo(0.9 * 16 * GIB, 0);
    expect(freeName).toBe('the memory of the GPU');
  });

  it('counts what other processes have taken of a GPU', async () => {
    driver('echo 16384, 10000');
    expect((await readMachineMemory('gpu', undefined)).freeBytes).toBe(6384 * 2 ** 20);
  });

  it('goes by the GPU with the least memory where several share a batch', async () => {
    driver('echo 16384, 500; echo 16384, 8000; echo 8192, 0');
    expect(await readMachineMemory('gpu', undefined, 2)).toMatchObject({
      deviceBytes: 16 * GIB,
      freeBytes: 8384 * 2 ** 20,
      freeName: 'the memory of each GPU',
      devices: 2,
    });
  });

  it("goes by the trainer's own limit where no GPU trains, or its driver does not answer", async () => {
    driver('exit 9');
    for (const backend of ['gpu', 'portable'] as const) {
      const memory = await readMachineMemory(backend, GIB);
      expect(memory).toMatchObject({ limitBytes: GIB, deviceBytes: GIB });
      expect(memory.freeBytes).toBeLessThan(GIB);
    }
  });
});

// Whether TensorFlow's CUDA libraries are found is asked of TensorFlow, whose part a small library plays here: it opens cuSOLVER
// by name, as TensorFlow does, and has cuSPARSE's folder among those that it looks into.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CUDA_WHEELS } from '../../../../batch-job/tensorflow/setup/cuda-wheels.ts';
import { linkLibraries, tryLibraries } from '../../../../batch-job/tensorflow/setup/try-libraries.ts';
import type { WheelSet } from '../../../../batch-job/tensorflow/setup/wheels.ts';
import { fakeWorldProblem } from '../../../support/fake-native.ts';

const OPENER = `
#include <dlfcn.h>
#include <cstdio>
extern "C" void* opener(void** status) __asm__("_ZN3tsl8internal9DsoLoader26MaybeTryDlopenGPULibrariesEv");
void* opener(void** status) {
  if (!dlopen("libcusolver.so.11", RTLD_LAZY)) std::puts("Could not load dynamic library 'libcusolver.so.11'; dlerror: …");
  std::puts("Could not load dynamic library 'libnvinfer.so.10'; dlerror: not one of ours");
  return status;
}`;

const problem = fakeWorldProblem();
if (problem !== undefined) console.warn(`Skipped: ${problem}`);
const wheels = { cuda: CUDA_WHEELS } as unknown as WheelSet;
let directory: string;
beforeAll(() => {
  if (problem !== undefined) return;
  directory = mkdtempSync(path.join(tmpdir(), 'fovea-libraries-'));
  for (const folder of ['tensorflow', 'nvidia/cusolver/lib', 'nvidia/cusparse/lib'])
    mkdirSync(path.join(directory, 'python', folder), { recursive: true });
  const python = path.join(directory, 'python');
  const source = path.join(directory, 'opener.cc');
  writeFileSync(source, OPENER);
  const compile = (...args: string[]) => execFileSync('g++', ['-shared', '-fPIC', ...args], { cwd: python });
  const rpath = '-Wl,-rpath,$ORIGIN/../nvidia/cusparse/lib';
  compile(source, rpath, '-ldl', '-o', 'tensorflow/libtensorflow_framework.so.2');
  compile('-x', 'c++', '/dev/null', '-o', 'nvidia/cusolver/lib/libcusolver.so.11');
});
afterAll(() => {
  if (problem === undefined) rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(problem !== undefined)('the libraries of a GPU folder', () => {
  test('throws where TensorFlow does not find one that is there, and names it', async () => {
    await expect(tryLibraries('g++', directory, wheels, process.env)).rejects.toMatchObject({
      code: 'native-load-failed',
      message: expect.stringContaining('does not find libcusolver.so.11') as string,
    });
  });

  test('are found once they are linked, also twice', async () => {
    await linkLibraries(directory);
    await linkLibraries(directory);
    await tryLibraries('g++', directory, wheels, process.env);
    expect(readdirSync(directory).sort()).toEqual(['opener.cc', 'python']);
  });
});

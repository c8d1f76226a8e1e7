// ONNX Runtime's CUDA provider: of the version that runs here, found where ONNX Runtime looks, and with what it links to loaded.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import {
  buildLoader,
  LOADER_FILE,
  linkProvider,
  ONNX_RUNTIME_VERSION,
  PROVIDER_WHEELS,
  providerLink,
} from '../../../../batch-job/tensorflow/setup/onnx-provider.ts';
import { findWheels } from '../../../../batch-job/tensorflow/setup/wheels.ts';
import { fakeWorldProblem } from '../../../support/fake-native.ts';

const NEEDED = [
  ...['libcublas.so.13', 'libcublasLt.so.13', 'libcudart.so.13', 'libcurand.so.10'].map(
    (name) => `nvidia/cu13/lib/${name}`,
  ),
  'nvidia/cudnn/lib/libcudnn.so.9',
];
const PROVIDER = 'onnxruntime/capi/libonnxruntime_providers_cuda.so';

it('is of the version of the package', () => {
  const { dependencies } = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../../../../package.json'), 'utf8'),
  ) as { dependencies: Record<string, string> };
  expect(dependencies['onnxruntime-node']).toBe(ONNX_RUNTIME_VERSION);
  expect(path.basename(providerLink())).toBe(path.basename(PROVIDER));
  expect(
    readFileSync(path.join(path.dirname(providerLink()), 'onnxruntime_binding.node')).length,
  ).toBeGreaterThan(0);
});

it('comes on request, with all that it links to', () => {
  const kept = PROVIDER_WHEELS.flatMap(({ keeps }) => keeps);
  expect(kept).toEqual(expect.arrayContaining([PROVIDER, ...NEEDED.slice(0, -1)]));
  if (findWheels('gpu') === undefined) return;
  const names = (imported: boolean) => findWheels('gpu', imported)?.cuda.map(({ name }) => name);
  expect(names(false)).not.toContain('onnxruntime-gpu');
  expect(names(true)).toContain('onnxruntime-gpu');
});

const problem = fakeWorldProblem();
if (problem !== undefined) console.warn(`Skipped: ${problem}`);
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'fovea-provider-'));
  if (problem !== undefined) return;
  for (const file of [PROVIDER, ...NEEDED]) {
    const target = path.join(directory, 'python', file);
    mkdirSync(path.dirname(target), { recursive: true });
    const soname = `-Wl,-soname,${path.basename(file)}`;
    execFileSync('g++', ['-shared', '-fPIC', '-x', 'c++', '/dev/null', soname, '-o', target]);
  }
  writeFileSync(path.join(directory, 'python/onnxruntime/capi/libonnxruntime_providers_shared.so'), '');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(problem !== undefined)('a folder with the provider', () => {
  test('has a loader that loads what the provider links to', async () => {
    await buildLoader('g++', directory, process.env);
    const script =
      'require(process.argv[1]); console.log(require("fs").readFileSync("/proc/self/maps", "utf8"))';
    const loaded = execFileSync(process.execPath, [
      '-e',
      script,
      path.join(directory, 'python', LOADER_FILE),
    ]);
    for (const file of NEEDED) expect(loaded.toString()).toContain(file);
  });

  test('is shown to ONNX Runtime, also the second time', async () => {
    const link = path.join(directory, 'package', path.basename(PROVIDER));
    mkdirSync(path.dirname(link));
    await linkProvider(directory, link);
    await linkProvider(directory, link);
    expect(realpathSync(link)).toBe(realpathSync(path.join(directory, 'python', PROVIDER)));
  });

  test('throws where a library is missing, and names it', async () => {
    rmSync(path.join(directory, 'python/nvidia/cu13/lib/libcurand.so.10'));
    await expect(buildLoader('g++', directory, process.env)).rejects.toMatchObject({
      code: 'native-build-failed',
      message: expect.stringContaining('libcurand.so.10') as string,
    });
  });
});

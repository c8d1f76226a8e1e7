import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { listCudaLibraries } from '../../../batch-job/tensorflow/setup/list-cuda-libraries.ts';

const directory = await mkdtemp(path.join(tmpdir(), 'fovea-cuda-'));
afterAll(() => rm(directory, { recursive: true, force: true }));

it('lists what was unpacked and is still there', async () => {
  expect(await listCudaLibraries(directory)).toEqual([]);
  await mkdir(path.join(directory, 'python/nvidia/cuda_runtime'), { recursive: true });
  const wheels = [
    'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
    'nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux1_x86_64.whl',
    'nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl',
  ];
  await writeFile(path.join(directory, 'unpacked.json'), JSON.stringify({ wheels }));
  expect(await listCudaLibraries(directory)).toEqual(['cuda_runtime 12.9.79']);
});

// What set-up keeps of the wheels is what a job needs, and nothing beside it; the trainer's image takes the same list.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { HEADERS, WHEEL_SETS } from '../../../../batch-job/tensorflow/setup/wheels.ts';
import { present } from '../../../../core/present.ts';

const namesOf = (wheels: readonly { readonly keeps: readonly string[] }[]) =>
  wheels.flatMap(({ keeps }) => keeps.map((file) => path.basename(file)));
const { tensorflow, cuda } = present(WHEEL_SETS['gpu-linux-x64'], 'wheels for a GPU');
const oneGpu = namesOf([tensorflow, ...cuda]);

/** The libraries without which TensorFlow 2.21 uses no GPU, by its log; set-up asks it again. */
const OPENED_BY_TENSORFLOW = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcusolver.so.11',
  'libcusparse.so.12',
  'libcudnn.so.9',
];
/** The parts of cuDNN 9 that convolutions, normalization and pooling are in or call. */
const OPENED_BY_CUDNN = [
  ...['ops', 'cnn', 'graph', 'heuristic', 'engines_precompiled', 'engines_runtime_compiled'].map(
    (part) => `libcudnn_${part}.so.9`,
  ),
  ...['libnvrtc.so.12', 'libnvrtc-builtins.so.12.9'],
];

it('keeps every library that TensorFlow and cuDNN open, and the compiler that they call', () => {
  expect(oneGpu).toEqual(
    expect.arrayContaining([...OPENED_BY_TENSORFLOW, ...OPENED_BY_CUDNN, 'ptxas', 'libdevice.10.bc']),
  );
});

it('keeps no static library, no header, nothing for profiling and no layer that no network has', () => {
  const unneeded =
    /\.a$|\.h$|\.py$|\.alt\.|nvperf|pcsampling|checkpoint|cudnn_adv|cusolverMg|cufftw|nvblas|nvvm\.so|curand|nccl/;
  expect(namesOf(cuda).filter((name) => unneeded.test(name))).toEqual([]);
});

it('compiles with headers that it does not keep', () => {
  const kept = Object.values(WHEEL_SETS).flatMap(({ tensorflow }) => tensorflow.keeps);
  expect(kept.filter((file) => HEADERS.some((prefix) => file.startsWith(prefix)))).toEqual([]);
});

it('leaves the choice to set-up: the Dockerfile takes the folder as it is, and names no library', () => {
  const dockerfile = readFileSync(
    path.resolve(import.meta.dirname, '../../../../batch-job/Dockerfile'),
    'utf8',
  );
  const instructions = dockerfile.replaceAll(/^#.*$/gm, '');
  expect(instructions).toContain('COPY --from=build /opt/fovea /opt/fovea');
  expect(instructions.match(/\.so\b|nvidia|cudnn|nccl|libtensorflow|\/opt\/fovea\/\S+/gi)).toBeNull();
});

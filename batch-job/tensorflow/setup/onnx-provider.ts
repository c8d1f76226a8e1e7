// ONNX Runtime's CUDA provider: the wheels that have it and what it links to, and how both are found. The npm package knows the
// provider and does not bring it. ONNX Runtime looks for it beside its own library; it links to CUDA 13, which may be loaded
// beside TensorFlow's CUDA 12, and to the same cuDNN.

import { existsSync } from 'node:fs';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { runCommand } from './run-command.ts';
import { buildFailed, loadFailed } from './setup-errors.ts';
import type { Wheel } from './wheel.ts';

/** The version of `onnxruntime-node`: provider and library must be of one build. */
export const ONNX_RUNTIME_VERSION = '1.30.0';

const FOLDER = 'onnxruntime/capi';
const PROVIDER = 'libonnxruntime_providers_cuda.so';
const PROVIDER_FILES = [PROVIDER, 'libonnxruntime_providers_shared.so'];
const CUDA_13 = 'nvidia/cu13/lib';

/** A Node addon without functions: loading it loads what the provider links to, which has no search path of its own. */
export const CUDA_LOADER = 'cuda-libraries.node';

/** What imported backbones need on a GPU, beside TensorFlow's libraries. A driver of version 580 or later runs CUDA 13. */
export const PROVIDER_WHEELS: readonly Wheel[] = [
  {
    name: 'onnxruntime-gpu',
    version: ONNX_RUNTIME_VERSION,
    sha256: '4fbf0c5d7b5fb99266c2e8a802e3e64af68bdc383e0f3c7349b985f1087eedaa',
    keeps: [
      ...PROVIDER_FILES.map((file) => `${FOLDER}/${file}`),
      'onnxruntime/LICENSE',
      'onnxruntime/ThirdPartyNotices.txt',
    ],
  },
  {
    name: 'nvidia-cublas',
    version: '13.10.0.20',
    sha256: 'dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84',
    keeps: [`${CUDA_13}/libcublas.so.13`, `${CUDA_13}/libcublasLt.so.13`],
  },
  {
    name: 'nvidia-cuda-runtime',
    version: '13.5.37',
    sha256: 'df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d',
    keeps: [`${CUDA_13}/libcudart.so.13`],
  },
  {
    name: 'nvidia-curand',
    version: '10.4.5.25',
    sha256: '22bb226a857e5888fe6b54ae465fc4371296bcff13a35f79e19691bcf454f529',
    keeps: [`${CUDA_13}/libcurand.so.10`],
  },
];

/** Files that set-up adds to those of the wheels. */
export const LOADER_FILE = `${FOLDER}/${CUDA_LOADER}`;

/** Where ONNX Runtime looks for the provider: in the package's folder for this platform. */
export const providerLink = (): string =>
  path.join(
    path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    `bin/napi-v6/${process.platform}/${process.arch}`,
    PROVIDER,
  );

/**
 * Compiles the loader of a folder that has the provider, and tries it.
 *
 * @throws {FoveaError} `native-build-failed`, `native-load-failed`.
 */
export async function buildLoader(
  compiler: string,
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const python = path.join(directory, 'python');
  if (!existsSync(path.join(python, FOLDER, PROVIDER))) return;
  const source = path.join(directory, 'cuda-libraries.cc');
  const loader = path.join(python, LOADER_FILE);
  try {
    await writeFile(
      source,
      'extern "C" void* napi_register_module_v1(void*, void* exports) { return exports; }',
    );
    const folders = [CUDA_13, 'nvidia/cudnn/lib'];
    const args = [
      ...['-fPIC', '-shared', source, '-o', loader, '-Wl,--no-as-needed'],
      ...folders.flatMap((folder) => [
        `-L${path.join(python, folder)}`,
        `-Wl,-rpath,$ORIGIN/${path.relative(FOLDER, folder)}`,
      ]),
      ...['cublas.so.13', 'cublasLt.so.13', 'cudart.so.13', 'curand.so.10', 'cudnn.so.9'].map(
        (name) => `-l:lib${name}`,
      ),
    ];
    const built = await runCommand(compiler, args, { cwd: directory, env });
    if (built.code !== 0) throw buildFailed(built.tail);
    const tried = await runCommand(process.execPath, ['-e', 'require(process.argv[1])', loader], {
      cwd: directory,
      env,
    });
    if (tried.code !== 0) throw loadFailed(tried.tail);
  } finally {
    await rm(source, { force: true });
  }
}

/**
 * Shows ONNX Runtime the provider of a folder that has it: links beside ONNX Runtime's own library.
 *
 * @param link Where it looks; see {@link providerLink}.
 */
export async function linkProvider(directory: string, link = providerLink()): Promise<void> {
  const folder = path.join(directory, 'python', FOLDER);
  if (!existsSync(path.join(folder, PROVIDER))) return;
  for (const file of PROVIDER_FILES) {
    const place = path.join(path.dirname(link), file);
    await rm(place, { force: true });
    await symlink(path.join(folder, file), place);
  }
}

// Entry point of `fovea doctor`: says which back end jobs use on this machine, and what the faster ones lack. With `--json`,
// for programs.

import { existsSync } from 'node:fs';
import os from 'node:os';
import { cacheDirectory } from '../core/cache-directory.ts';
import { isFoveaError } from '../core/errors/errors.ts';
import { TRAINER_BACKENDS, type TrainerBackend } from '../core/job/recipe/trainer-backends.ts';
import { shownCommand } from '../core/shown-command.ts';
import type { EngineInfo } from './tensorflow/engine/engine.ts';
import { findGpuModel } from './tensorflow/native/find-gpu-model.ts';
import { openEngine } from './tensorflow/open-engine.ts';
import { listCudaLibraries } from './tensorflow/setup/list-cuda-libraries.ts';
import { nativeDirectory } from './tensorflow/setup/native-directory.ts';
import { providerLink } from './tensorflow/setup/onnx-provider.ts';

/** What a job that leaves its recipe to `auto` trains here. */
const AUTO: Readonly<Record<TrainerBackend, string>> = {
  gpu: 'all layers in both stages, in large batches, and in mixed precision where it pays',
  native: 'the head, in float32',
  portable: 'the head, in float32',
};

const cache = cacheDirectory(process.env);
if (process.argv.includes('--json')) {
  console.log(JSON.stringify(await diagnose()));
  process.exit(0);
}
console.log(
  `Node.js ${process.versions.node}, ${process.platform}-${process.arch}, ${os.availableParallelism()} cores`,
);
const cuda = await listCudaLibraries(nativeDirectory(cache, 'gpu'));
if (cuda.length > 0) console.log(`CUDA libraries: ${cuda.join(', ')}`);
try {
  const { info } = await openEngine({ backend: 'auto', cacheDirectory: cache });
  describe(info);
  process.exit(0);
} catch (error) {
  if (!isFoveaError(error)) throw error;
  console.error(`fovea doctor: ${error.message}`);
  process.exit(1);
}

function describe(info: EngineInfo): void {
  console.log(`TensorFlow.js: ${info.backend} back end`);
  console.log(`  why       ${info.reason}`);
  console.log(`  devices   ${info.devices.join(', ')}`);
  console.log(`  auto      ${AUTO[info.backend]}`);
  if (info.backend === 'gpu') console.log(`  imported  ${importedBackbones()}`);
  for (const [name, version] of Object.entries(info.versions)) console.log(`  ${name.padEnd(9)} ${version}`);
  if (info.backend === 'portable')
    console.log(`\`${shownCommand('setup')}\` builds the native back end, which is about twice as fast.`);
}

const importedBackbones = () =>
  existsSync(providerLink())
    ? 'backbones run on the GPU, by ONNX Runtime'
    : 'backbones run on the processors; `fovea setup --gpu --imported` brings what runs them on the GPU';

/** The best back end that works, and why each better one is not available. */
async function diagnose() {
  const missing: Partial<Record<TrainerBackend, string>> = {};
  for (const backend of TRAINER_BACKENDS) {
    try {
      const { info } = await openEngine({ backend, cacheDirectory: cache });
      const gpus = backend === 'gpu' ? { gpuCount: info.devices.length } : {};
      return { best: backend, missing, gpuModel: findGpuModel(), ...gpus };
    } catch (error) {
      if (!isFoveaError(error, 'backend-unavailable')) throw error;
      missing[backend] = error.message;
    }
  }
  throw new Error(`No back end runs on this machine. ${Object.values(missing).join(' ')}`);
}

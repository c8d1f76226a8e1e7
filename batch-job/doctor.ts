// Entry point of `fovea doctor`: what a job would run on here, and what the better back ends lack.

import os from 'node:os';
import { isFoveaError } from '../core/errors.ts';
import { cacheDirectory } from './cache-directory.ts';
import { listCudaLibraries } from './tensorflow/native/list-cuda-libraries.ts';
import { nativeDirectory } from './tensorflow/native/native-directory.ts';
import { openEngine } from './tensorflow/open-engine.ts';

console.log(
  `Node.js ${process.versions.node}, ${process.platform}-${process.arch}, ${os.availableParallelism()} cores`,
);
const cuda = await listCudaLibraries(nativeDirectory(cacheDirectory(process.env), 'gpu'));
if (cuda.length > 0) console.log(`CUDA libraries: ${cuda.join(', ')}`);
try {
  const { info } = await openEngine({ backend: 'auto', cacheDirectory: cacheDirectory(process.env) });
  console.log(`TensorFlow.js: ${info.backend} back end`);
  console.log(`  why       ${info.reason}`);
  console.log(`  devices   ${info.devices.join(', ')}`);
  for (const [name, version] of Object.entries(info.versions)) console.log(`  ${name.padEnd(9)} ${version}`);
  if (info.backend === 'portable')
    console.log('`fovea setup` builds the native back end, which is about twice as fast.');
  process.exit(0);
} catch (error) {
  if (!isFoveaError(error)) throw error;
  console.error(`fovea doctor: ${error.message}`);
  process.exit(1);
}

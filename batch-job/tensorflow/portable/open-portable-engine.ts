// The portable engine: WebAssembly, from npm alone.

import { createRequire } from 'node:module';
import { FoveaError } from '../../../core/errors.ts';
import type { Engine } from '../engine.ts';
import { createTrainer } from '../trainer.ts';
import { type OpenWasmOptions, openWasm } from './open-wasm.ts';
import { createPortableExecutor } from './portable-executor.ts';

const require = createRequire(import.meta.url);

/** Starts the portable engine. */
export async function openPortableEngine(options: OpenWasmOptions, reason: string): Promise<Engine> {
  const wasm = await openWasm(options);
  const executor = createPortableExecutor(wasm);
  const { version } = require('@tensorflow/tfjs-backend-wasm/package.json') as { readonly version: string };
  return {
    info: {
      backend: 'portable',
      versions: { '@tensorflow/tfjs-backend-wasm': version, node: process.versions.node },
      devices: [`CPU, WebAssembly with SIMD, ${wasm.threads} ${wasm.threads === 1 ? 'thread' : 'threads'}`],
      reason,
    },
    async createTrainer(trainerOptions) {
      if (trainerOptions.executor === 'graph') {
        throw new FoveaError(
          'executor-unavailable',
          'The portable back end has no graph executor. Leave `executor` out, or ask for the native back end.',
        );
      }
      return createTrainer(executor, trainerOptions);
    },
    numTensors: () => executor.numTensors(),
  };
}

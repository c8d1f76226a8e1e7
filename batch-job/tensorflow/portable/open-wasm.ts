// Starts the WebAssembly back end of TensorFlow.js: binaries from node_modules, SIMD, threads, and the gradient kernels
// that it lacks. No network.

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { type BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { engine, env, ready, setBackend } from '@tensorflow/tfjs-core';
import { FoveaError } from '../../../core/errors/errors.ts';
import { registerConvolutionGradients } from './convolution-gradients.ts';
import { limitHeap } from './limit-heap.ts';
import { MAX_WASM_THREADS, withWasmThreads } from './wasm-threads.ts';

const require = createRequire(import.meta.url);

/** The started back end. One a process: the library keeps it in a global. */
export interface WasmBackend {
  readonly backend: BackendWasm;
  readonly threads: number;
}

/** How much of the machine WebAssembly may take. */
export interface OpenWasmOptions {
  /** Number of threads, 1 to {@link MAX_WASM_THREADS}; by default one a core. */
  readonly threads?: number;
  /** Bytes of all tensors together; by default all that WebAssembly can address. */
  readonly memoryBytes?: number | undefined;
}

let opened: Promise<WasmBackend> | undefined;

/**
 * Gives the back end, which the first call starts; options of later calls are ignored.
 *
 * @throws {FoveaError} `backend-unavailable` where WebAssembly with SIMD does not start.
 */
export function openWasm(options: OpenWasmOptions = {}): Promise<WasmBackend> {
  opened ??= start(options).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function start(options: OpenWasmOptions): Promise<WasmBackend> {
  const threads = Math.min(options.threads ?? availableParallelism(), MAX_WASM_THREADS);
  setWasmPaths(`${join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), '/')}`);
  // Node's flag is false by the library's own decision; see wasm-threads.ts.
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads > 1);
  const initialize = async () => {
    const started = await setBackend('wasm');
    await ready();
    return started;
  };
  const started = await (threads > 1 ? withWasmThreads(threads, initialize) : initialize());
  if (!started) {
    throw new FoveaError(
      'backend-unavailable',
      `The portable TensorFlow.js back end did not start on Node ${process.version}. It needs WebAssembly with SIMD: ` +
        'start Node without flags that turn WebAssembly off.',
    );
  }
  registerConvolutionGradients();
  const backend = engine().findBackend('wasm') as BackendWasm;
  limitHeap(backend, options.memoryBytes);
  return { backend, threads };
}

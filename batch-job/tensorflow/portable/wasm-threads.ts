// Threads for the WebAssembly back end under Node. Its build has them, but its loader does not use them under Node: its
// pthread workers start from blob URLs, which Node's Worker does not take.

import { createRequire } from 'node:module';
import type os from 'node:os';
import { Worker, type WorkerOptions } from 'node:worker_threads';

const require = createRequire(import.meta.url);

const WORKER_SCRIPT = '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js';
const MAIN_SCRIPT = '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js';

/** The most threads that the library's pool can have: half the logical cores, at most 4, set when its module is instantiated. */
export const MAX_WASM_THREADS = 4;

/** A pthread of the module: its script from the package, its life never keeping the process alive. */
function pthreadWorkerClass(): new (url: string, options?: WorkerOptions) => Worker {
  const { wasmWorkerContents } = require(WORKER_SCRIPT) as { readonly wasmWorkerContents: string };
  // The string was written to be put into a blob once more; one level of escaping is left in it.
  const script = wasmWorkerContents.replaceAll('\n', '\\n');
  return class PthreadWorker extends Worker {
    constructor(_url: string) {
      super(script, { eval: true });
      this.unref();
    }

    override postMessage(message: unknown, ...rest: []): void {
      const isLoad =
        typeof message === 'object' && message !== null && 'cmd' in message && message.cmd === 'load';
      super.postMessage(isLoad ? { ...message, urlOrBlob: require.resolve(MAIN_SCRIPT) } : message, ...rest);
    }

    override ref(): void {}
  };
}

/**
 * Runs `initialize`, which instantiates the threaded module, in surroundings in which it finds a Worker that starts under
 * Node and a core count that makes it take `threads` threads. Restores all of it afterwards, and takes back the
 * process-wide exception handlers that the module installs.
 */
export async function withWasmThreads<T>(threads: number, initialize: () => Promise<T>): Promise<T> {
  const commonJsOs = require('node:os') as typeof os;
  const { cpus } = commonJsOs;
  const worker = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const listeners = events.map((event) => new Set(process.listeners(event as 'uncaughtException')));
  const PthreadWorker = pthreadWorkerClass();
  const [core] = cpus();
  if (core !== undefined) commonJsOs.cpus = () => new Array<typeof core>(2 * threads).fill(core);
  // The module assigns Node's own Worker to the global before it reads it back.
  Object.defineProperty(globalThis, 'Worker', {
    get: () => PthreadWorker,
    set: () => {},
    configurable: true,
  });
  try {
    return await initialize();
  } finally {
    commonJsOs.cpus = cpus;
    if (worker === undefined) Reflect.deleteProperty(globalThis, 'Worker');
    else Object.defineProperty(globalThis, 'Worker', worker);
    events.forEach((event, index) => {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!listeners[index]?.has(listener)) process.removeListener(event, listener);
      }
    });
  }
}

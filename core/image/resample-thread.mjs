// The thread of resample-pixels.ts. Plain JavaScript, so that it starts without a compiler.

import { parentPort, workerData } from 'node:worker_threads';
import { resampleWindow } from './resample-window.mjs';

parentPort?.on('message', (/** @type {import('./resample-pixels.ts').ResampleTask} */ task) => {
  try {
    const pixels = resampleWindow(workerData.kernel, task);
    parentPort?.postMessage({ pixels }, [pixels.buffer]);
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});

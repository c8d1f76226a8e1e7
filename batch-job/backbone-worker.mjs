// ONNX Runtime on a thread of its own: its binding for Node computes on the thread that asks, which would otherwise keep
// the one that reads and prepares pictures. Plain JavaScript, so that the thread starts without a compiler.

import { parentPort, workerData } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';

/** @typedef {{ readonly id: number, readonly values?: Float32Array, readonly error?: string }} Answer */

const { onnx, options } = workerData;
const opened = ort.InferenceSession.create(onnx, options);

/** @param {number} id @param {() => Promise<Float32Array | undefined>} work */
async function answer(id, work) {
  try {
    const values = await work();
    parentPort?.postMessage({ id, values });
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

answer(0, async () => {
  await opened;
  return undefined;
});

parentPort?.on('message', ({ id, images, dims }) =>
  answer(id, async () => {
    const session = await opened;
    const [input = ''] = session.inputNames;
    const [output = ''] = session.outputNames;
    const results = await session.run({ [input]: new ort.Tensor('float32', images, dims) });
    return /** @type {Float32Array} */ (results[output]?.data);
  }),
);

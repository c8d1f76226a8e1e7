// The thread of threaded-session.ts. Plain JavaScript, so that it starts without a compiler.

import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** @type {InferenceSession | undefined} */
let session;

/** What the other side may ask for; the answer has what is given back. */
const calls = {
  /** @param {{ onnx: Uint8Array, options: InferenceSession.SessionOptions }} asked */
  async open({ onnx, options }) {
    session = await InferenceSession.create(onnx, options);
    return { inputNames: session.inputNames, outputNames: session.outputNames };
  },

  /** @param {import('./onnx-session.ts').OnnxRun} asked */
  async run({ inputName, outputName, input, dims }) {
    const results = await session?.run({ [inputName]: new Tensor('float32', input, dims) }, [outputName]);
    const { data: values, dims: shape = [] } = results?.[outputName] ?? {};
    return { values, dims: shape };
  },

  async release() {
    await session?.release();
    return {};
  },
};

/** @param {{ id: number, call: keyof typeof calls, asked: never }} message */
async function answer({ id, call, asked }) {
  try {
    parentPort?.postMessage({ id, answer: await calls[call](asked) });
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

// One after another: a session that is released while it computes takes the whole process with it.
let last = Promise.resolve();
parentPort?.on('message', (message) => {
  last = last.then(() => answer(message));
});
// Whose it was is not known, and whoever sent it waits.
parentPort?.on('messageerror', (error) => parentPort?.postMessage({ error: error.message }));

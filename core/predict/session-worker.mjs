// The worker of session-thread.ts. Plain JavaScript, so that it starts without a compiler.

import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** @type {Map<number, InferenceSession>} */
const sessions = new Map();

/** What the other side may ask for of a session; the answer has what is given back. */
const calls = {
  /** @param {number} name @param {{ onnx: Uint8Array, options: InferenceSession.SessionOptions }} asked */
  async open(name, { onnx, options }) {
    const session = await InferenceSession.create(onnx, options);
    sessions.set(name, session);
    return { inputNames: session.inputNames, outputNames: session.outputNames };
  },

  /** @param {number} name @param {import('./onnx-session.ts').OnnxRun} asked */
  async run(name, { inputName, outputName, input, dims }) {
    const session = sessions.get(name);
    const results = await session?.run({ [inputName]: new Tensor('float32', input, dims) }, [outputName]);
    const { data: values, dims: shape = [] } = results?.[outputName] ?? {};
    return { values, dims: shape };
  },

  /** @param {number} name */
  async release(name) {
    const session = sessions.get(name);
    sessions.delete(name);
    await session?.release();
    return {};
  },
};

/** @param {{ id: number, session: number, call: keyof typeof calls, asked: never }} message */
async function answer({ id, session, call, asked }) {
  try {
    parentPort?.postMessage({ id, answer: await calls[call](session, asked) });
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

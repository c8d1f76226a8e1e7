// The worker of session-thread.ts. Plain JavaScript, so that it starts without a compiler.

import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** @typedef {import('./onnx-session.ts').OnnxRun} OnnxRun */

/** @type {Map<number, InferenceSession>} */
const sessions = new Map();

/** Ends when what was asked of ONNX Runtime is done. */
let last = Promise.resolve();

/**
 * One after another: a session that is released while it computes takes the whole process with it.
 * @template T
 * @param {() => Promise<T>} step
 * @returns {Promise<T>}
 */
function inTurn(step) {
  const done = last.then(step);
  last = done.then(
    () => undefined,
    () => undefined,
  );
  return done;
}

/** @type {Promise<typeof import('./run-picture.ts')> | undefined} */
let pictures;

/** What reads pictures, and the compiler where that is a source. A thread that reads none does not load it. */
function pictureModule() {
  pictures ??= (async () => {
    if (workerData.pictures.endsWith('.ts')) (await import('tsx/esm/api')).register();
    return import(workerData.pictures);
  })();
  return pictures;
}

/** @param {number} name @param {OnnxRun} run */
async function compute(name, { inputName, outputName, input, dims }) {
  const session = sessions.get(name);
  const results = await session?.run({ [inputName]: new Tensor('float32', input, dims) }, [outputName]);
  const { data: values, dims: shape = [] } = results?.[outputName] ?? {};
  return { values, dims: shape };
}

/** What the other side may ask for of a session; the answer has what is given back. */
const calls = {
  /** @param {number} name @param {{ onnx: Uint8Array, options: InferenceSession.SessionOptions }} asked */
  open(name, { onnx, options }) {
    return inTurn(async () => {
      const session = await InferenceSession.create(onnx, options);
      sessions.set(name, session);
      return { inputNames: session.inputNames, outputNames: session.outputNames };
    });
  },

  /** @param {number} name @param {OnnxRun} asked */
  run(name, asked) {
    return inTurn(() => compute(name, asked));
  },

  async prepare() {
    await pictureModule();
    return {};
  },

  /** @param {number} name @param {import('./onnx-session.ts').PictureRun} asked */
  async runPicture(name, asked) {
    const { runPicture } = await pictureModule();
    return runPicture(asked, (/** @type {OnnxRun} */ run) => inTurn(() => compute(name, run)));
  },

  /** @param {number} name */
  release(name) {
    return inTurn(async () => {
      const session = sessions.get(name);
      sessions.delete(name);
      await session?.release();
      return {};
    });
  },
};

parentPort?.on('message', async ({ id, session, call, asked }) => {
  try {
    parentPort?.postMessage({
      id,
      answer: await calls[/** @type {keyof typeof calls} */ (call)](session, asked),
    });
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    parentPort?.postMessage({ id, error: message ?? String(error), code });
  }
});
// Whose it was is not known, and whoever sent it waits.
parentPort?.on('messageerror', (error) => parentPort?.postMessage({ error: error.message }));

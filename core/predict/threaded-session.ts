// An ONNX session on a thread of its own, so that pictures are read and requests answered while it computes.

import { Worker } from 'node:worker_threads';
import type { OnnxOutput, OpenOnnxSession } from './onnx-session.ts';

/** A message of session-thread.mjs. */
interface Answer {
  /** Number of the call; absent where the thread could not read the call. */
  readonly id?: number;
  readonly answer?: unknown;
  readonly error?: string;
}

interface Asker {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens a session on a new thread. Runs of one session wait for each other; those of several sessions do not. The thread ends when the
 * session is released. A process that exits while a session computes is aborted by ONNX Runtime's binding (1.30), so `process.exit`
 * must not be called before.
 */
export const openThreadedSession: OpenOnnxSession = async (onnx, options) => {
  const worker = new Worker(new URL('./session-thread.mjs', import.meta.url), {
    // The thread does not need the loaders with which the process was started.
    execArgv: [],
  });
  const waiting = new Map<number, Asker>();
  let calls = 0;
  let end: Error | undefined;
  const failAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const fail = (error: Error) => {
    end ??= error;
    failAll(end);
  };
  worker.on('message', ({ id, answer, error }: Answer) => {
    if (id === undefined) return failAll(new Error(error));
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(answer);
    else asker?.reject(new Error(error));
  });
  worker.on('error', fail);
  // A message that cannot be read does not tell to which call it belongs. The thread goes on, since it must not be ended while it
  // computes.
  worker.on('messageerror', failAll);
  worker.on('exit', (code) => fail(new Error(`A thread of ONNX Runtime ended with exit code ${code}.`)));

  /** Calls the thread. @param moved Buffers that are transferred to it. */
  function ask<T>(call: string, asked: object, moved: readonly ArrayBuffer[] = []): Promise<T> {
    return new Promise((resolve, reject) => {
      if (end !== undefined) return reject(end);
      const id = calls++;
      worker.postMessage({ id, call, asked }, [...moved]);
      waiting.set(id, { resolve: resolve as Asker['resolve'], reject });
    });
  }

  try {
    // The caller's bytes stay. The slice of a Buffer would not be a copy.
    const copy = new Uint8Array(onnx);
    const names = await ask<{ inputNames: readonly string[]; outputNames: readonly string[] }>(
      'open',
      { onnx: copy, options },
      [copy.buffer],
    );
    return {
      ...names,
      async run(run) {
        // Node 20 transfers a buffer that was transferred before without an error, and then the thread cannot read it.
        if (run.input.length === 0 && !run.dims.includes(0)) {
          throw new Error(`The input [${run.dims.join(', ')}] has no values: it was transferred before.`);
        }
        return ask<OnnxOutput>('run', run, [run.input.buffer]);
      },
      async release() {
        try {
          await ask('release', {});
        } finally {
          await worker.terminate();
        }
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
};

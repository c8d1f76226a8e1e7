// A session on a thread of its own: pictures are read and requests answered while it computes.

import { Worker } from 'node:worker_threads';
import type { OnnxOutput, OpenOnnxSession } from './onnx-session.ts';

/** As session-thread.mjs sends it. */
interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

interface Asker {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Runs of one session wait for each other, those of several do not. The thread lasts until the session is released: a
 * process that exits while one computes is aborted by ONNX Runtime's binding (1.30), so nobody calls `process.exit` before.
 */
export const openThreadedSession: OpenOnnxSession = async (onnx, options) => {
  const worker = new Worker(new URL('./session-thread.mjs', import.meta.url), {
    // Without what the process itself was started with, such as a compiler.
    execArgv: [],
  });
  const waiting = new Map<number, Asker>();
  let calls = 0;
  let end: Error | undefined;
  const fail = (error: Error) => {
    end ??= error;
    for (const { reject } of waiting.values()) reject(end);
    waiting.clear();
  };
  worker.on('message', ({ id, answer, error }: Answer) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(answer);
    else asker?.reject(new Error(error));
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`A thread of ONNX Runtime ended with exit code ${code}.`)));

  /** @param moved Buffers that the thread takes over. */
  function ask<T>(call: string, asked: object, moved: readonly ArrayBuffer[] = []): Promise<T> {
    return new Promise((resolve, reject) => {
      if (end !== undefined) return reject(end);
      const id = calls++;
      waiting.set(id, { resolve: resolve as Asker['resolve'], reject });
      worker.postMessage({ id, call, asked }, [...moved]);
    });
  }

  try {
    // The caller's bytes stay. A Buffer's own slice would be no copy.
    const copy = new Uint8Array(onnx);
    const names = await ask<{ inputNames: readonly string[]; outputNames: readonly string[] }>(
      'open',
      { onnx: copy, options },
      [copy.buffer],
    );
    return {
      ...names,
      run: (run) => ask<OnnxOutput>('run', run, [run.input.buffer]),
      async release() {
        await ask('release', {});
        await worker.terminate();
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
};

// A thread that computes for ONNX sessions, and can also read the pictures, so that requests are answered meanwhile.

import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import type { OnnxOutput, OnnxSession, OpenOnnxSession, PictureOutput } from './onnx-session.ts';

/** A message of session-worker.mjs. */
interface Answer {
  /** Number of the call; absent where the thread could not read the call. */
  readonly id?: number;
  readonly answer?: unknown;
  readonly error?: string;
  /** Node's code of the error. */
  readonly code?: string;
}

interface Asker {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A session on a thread, which also reads pictures there. */
export type ThreadSession = OnnxSession & Required<Pick<OnnxSession, 'runPicture'>>;

/** A thread, and the sessions that were opened on it. */
export interface SessionThread {
  /** Opens a session that computes on the thread. Runs of all its sessions wait for each other. */
  open(...args: Parameters<OpenOnnxSession>): Promise<ThreadSession>;
  /** Loads what reads pictures before the first one comes. Where that fails, the first picture says so. */
  prepare(): void;
  /** Whether the thread has ended by itself, which fails its sessions. */
  readonly hasEnded: boolean;
  /** Ends the thread. None of its sessions may compute. */
  end(): Promise<void>;
}

/**
 * Megabytes of new objects before the garbage collector looks at them. Decoded pictures lie outside of its heap: with the default of 48, it
 * notices them late, and looks through the whole heap instead, which took an eighth of a prediction's processor time.
 */
const YOUNG_MB = 1;
/** Files of so many bytes are read one at a time: two would take too much memory. Most photographs of phones are smaller. */
const LARGE_BYTES = 4 * 2 ** 20;
/** A call that concerns no session. */
const NO_SESSION = -1;
/** What a thread runs to read pictures. */
const PICTURES = new URL('./run-picture.ts', import.meta.url);

/**
 * Starts a thread. It keeps the process alive only while it computes. A process that exits meanwhile is aborted by ONNX Runtime's binding
 * (1.30), so `process.exit` must not be called then.
 */
export function startSessionThread(): SessionThread {
  const worker = new Worker(new URL('./session-worker.mjs', import.meta.url), {
    // The thread does not need the loaders with which the process was started.
    execArgv: [],
    workerData: { pictures: PICTURES.href },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  worker.unref();
  const waiting = new Map<number, Asker>();
  const oneLarge = pLimit(1);
  let calls = 0;
  let sessions = 0;
  let end: Error | undefined;
  const settle = (id: number): Asker | undefined => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return asker;
  };
  const failAll = (error: Error) => {
    for (const id of [...waiting.keys()]) settle(id)?.reject(error);
  };
  const fail = (error: Error) => {
    end ??= error;
    failAll(end);
  };
  worker.on('message', ({ id, answer, error, code }: Answer) => {
    if (id === undefined) return failAll(new Error(error));
    const asker = settle(id);
    if (error === undefined) asker?.resolve(answer);
    else asker?.reject(Object.assign(new Error(error), code === undefined ? {} : { code }));
  });
  worker.on('error', fail);
  // A message that cannot be read does not tell to which call it belongs. The thread goes on, since it must not be ended while it
  // computes.
  worker.on('messageerror', failAll);
  worker.on('exit', (code) => fail(new Error(`A thread of ONNX Runtime ended with exit code ${code}.`)));

  /** Calls the thread. @param moved Buffers that are transferred to it. */
  function ask<T>(
    session: number,
    call: string,
    asked: object,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (end !== undefined) return reject(end);
      const id = calls++;
      worker.postMessage({ id, session, call, asked }, [...moved]);
      if (waiting.size === 0) worker.ref();
      waiting.set(id, { resolve: resolve as Asker['resolve'], reject });
    });
  }

  return {
    get hasEnded() {
      return end !== undefined;
    },
    prepare() {
      ask(NO_SESSION, 'prepare', {}).catch(() => undefined);
    },
    async end() {
      await worker.terminate();
    },
    async open(onnx, options) {
      const session = sessions++;
      // The caller's bytes stay. The slice of a Buffer would not be a copy.
      const copy = new Uint8Array(onnx);
      const asked = { onnx: copy, options };
      const names = await ask<Pick<OnnxSession, 'inputNames' | 'outputNames'>>(session, 'open', asked, [
        copy.buffer,
      ]);
      return {
        ...names,
        async run(run) {
          // Node 20 transfers a buffer that was transferred before without an error, and then the thread cannot read it.
          if (run.input.length === 0 && !run.dims.includes(0)) {
            throw new Error(`The input [${run.dims.join(', ')}] has no values: it was transferred before.`);
          }
          return ask<OnnxOutput>(session, 'run', run, [run.input.buffer]);
        },
        runPicture(picture) {
          const read = () => {
            // A copy: the caller's buffer may hold more than this picture.
            const bytes = new Uint8Array(picture.bytes);
            return ask<PictureOutput>(session, 'runPicture', { ...picture, bytes }, [bytes.buffer]);
          };
          return picture.bytes.length < LARGE_BYTES ? read() : oneLarge(read);
        },
        async release() {
          await ask(session, 'release', {});
        },
      };
    },
  };
}

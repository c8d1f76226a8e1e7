// Brings pixels to a window of a scaled picture as Pillow's BICUBIC does, bit for bit. Threads compute, as many as the machine has cores,
// so that a server's own thread stays free. Nothing is started before the first picture. Knows nothing of formats and networks.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import type { RgbPixels, Window } from './enlarge-pixels.ts';
import { RESAMPLE_KERNEL } from './resample-kernel.ts';

/** What a thread computes. */
export interface ResampleTask {
  /** `[height, width, 3]`, alone in its buffer, which goes to the thread. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly source: Size;
  /** The size that the whole picture would have. */
  readonly scaled: Size;
  /** The part of it that is wanted. It may reach beyond the picture. */
  readonly window: Window;
  /** Red, green and blue of what lies beyond the picture, 0..255. */
  readonly padding: readonly number[];
  /** Whether the pixels are turned gray first. */
  readonly isGray: boolean;
}

/** Pixels that are alone in their buffer. */
export interface OwnPixels extends RgbPixels {
  readonly pixels: Uint8Array<ArrayBuffer>;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What resample-thread.mjs answers. */
type ResampleAnswer = { readonly pixels: Uint8Array } | { readonly error: string };

/** What Node has, but its types for Node 20 lack. */
const { WebAssembly: compiler } = globalThis as unknown as {
  readonly WebAssembly: { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };
};

const inTurn = pLimit(availableParallelism());
/** Threads without work. */
const idle: Worker[] = [];
let kernel: Promise<WebAssembly.Module> | undefined;

/**
 * Resamples a picture's pixels.
 * @param image Its buffer goes to another thread: the caller has it no more.
 * @returns `[height, width, channels]` of the window; one channel where `isGray`.
 */
export async function resamplePixels(
  { pixels, width, height }: OwnPixels,
  to: Omit<ResampleTask, 'pixels' | 'source'>,
): Promise<Uint8Array> {
  kernel ??= compiler.compile(Buffer.from(RESAMPLE_KERNEL, 'base64'));
  const module = await kernel;
  const answer = await inTurn(() => {
    const worker = idle.pop() ?? startThread(module);
    return ask(worker, { pixels, source: { width, height }, ...to });
  });
  if ('error' in answer) throw new Error(`The thread that resamples pictures failed: ${answer.error}`);
  return answer.pixels;
}

function startThread(module: WebAssembly.Module): Worker {
  const worker = new Worker(new URL('./resample-thread.mjs', import.meta.url), {
    // The thread does not need the loaders with which the process was started.
    execArgv: [],
    workerData: { kernel: module },
  });
  // Without work it does not keep the process alive, and its end harms nobody: another one starts.
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    const at = idle.indexOf(worker);
    if (at >= 0) idle.splice(at, 1);
  });
  return worker;
}

/** Hands a task to a thread without work, which has none again when it answers. */
function ask(worker: Worker, task: ResampleTask): Promise<ResampleAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (give: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      worker.unref();
      give();
    };
    const onMessage = (answer: ResampleAnswer) => {
      idle.push(worker);
      settle(() => resolve(answer));
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = (code: number) =>
      settle(() => reject(new Error(`The thread that resamples pictures ended with exit code ${code}.`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.ref();
    worker.postMessage(task, [task.pixels.buffer]);
  });
}

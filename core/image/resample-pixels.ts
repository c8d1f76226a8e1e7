// Brings pixels to a window of a scaled picture as Pillow's BICUBIC does, bit for bit. For the main thread, threads compute, as many as the
// machine has cores, so that it stays free; a thread computes itself. Nothing is started before the first picture. Knows nothing of formats
// and networks.

import { availableParallelism } from 'node:os';
import { isMainThread, Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import type { RgbPixels, Window } from './enlarge-pixels.ts';
import { RESAMPLE_KERNEL } from './resample-kernel.ts';
import { resampleWindow } from './resample-window.mjs';

/** What a thread computes. */
export interface ResampleTask {
  /** `[height, width, 3]`. For a thread they lie in memory that is shared with it. */
  readonly pixels: Uint8Array;
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

/** A thread, and the memory in which it finds a picture. */
interface Resampler {
  readonly worker: Worker;
  shared: SharedArrayBuffer;
}

/** Memory that a thread keeps for its next picture: new memory has to be mapped page by page, which takes longer than copying to it. */
const KEPT_BYTES = 2 ** 24;

const inTurn = pLimit(availableParallelism());
/** Threads without work. */
const idle: Resampler[] = [];
let kernel: Promise<WebAssembly.Module> | undefined;

/**
 * Resamples a picture's pixels.
 * @returns `[height, width, channels]` of the window; one channel where `isGray`.
 */
export async function resamplePixels(
  { pixels, width, height }: RgbPixels,
  to: Omit<ResampleTask, 'pixels' | 'source'>,
): Promise<Uint8Array> {
  kernel ??= compiler.compile(Buffer.from(RESAMPLE_KERNEL, 'base64'));
  const module = await kernel;
  const source = { width, height };
  if (!isMainThread) return resampleWindow(module, { pixels, source, ...to });
  const answer = await inTurn(() => {
    const resampler = idle.pop() ?? startThread(module);
    return ask(resampler, { pixels: share(resampler, pixels), source, ...to });
  });
  if ('error' in answer) throw new Error(`The thread that resamples pictures failed: ${answer.error}`);
  return answer.pixels;
}

/** Copies pixels to a thread's memory, which is made larger where they do not fit. */
function share(resampler: Resampler, pixels: Uint8Array): Uint8Array<SharedArrayBuffer> {
  if (resampler.shared.byteLength < pixels.length) resampler.shared = new SharedArrayBuffer(pixels.length);
  const shared = new Uint8Array(resampler.shared, 0, pixels.length);
  shared.set(pixels);
  return shared;
}

function startThread(module: WebAssembly.Module): Resampler {
  const worker = new Worker(new URL('./resample-thread.mjs', import.meta.url), {
    // The thread does not need the loaders with which the process was started.
    execArgv: [],
    workerData: { kernel: module },
  });
  // Without work it does not keep the process alive, and its end harms nobody: another one starts.
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    const at = idle.findIndex((other) => other.worker === worker);
    if (at >= 0) idle.splice(at, 1);
  });
  return { worker, shared: new SharedArrayBuffer(0) };
}

/** Hands a task to a thread without work, which has none again when it answers. */
function ask(resampler: Resampler, task: ResampleTask): Promise<ResampleAnswer> {
  const { worker } = resampler;
  return new Promise((resolve, reject) => {
    const settle = (give: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      worker.unref();
      give();
    };
    const onMessage = (answer: ResampleAnswer) => {
      if (resampler.shared.byteLength > KEPT_BYTES) resampler.shared = new SharedArrayBuffer(0);
      idle.push(resampler);
      settle(() => resolve(answer));
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = (code: number) =>
      settle(() => reject(new Error(`The thread that resamples pictures ended with exit code ${code}.`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.ref();
    worker.postMessage(task);
  });
}

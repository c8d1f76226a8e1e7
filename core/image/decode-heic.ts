// Decodes HEIC pictures with libheif, compiled to WebAssembly, on a thread of their own. sharp reads their headers, but has no HEVC
// decoder. Nothing is loaded before the first such picture. Knows nothing of limits.

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { readStoredFile } from '../stored-file.ts';
import { decodingError, imageCorrupt } from './image-errors.ts';
import type { ImageHeader } from './image-header.ts';

/** What heic-thread.mjs is given. */
export interface HeicTask {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The ICC profile, which the result carries. */
  readonly profile: Uint8Array | undefined;
  readonly libheif: WebAssembly.Module;
  /** What the library's heap may have. */
  readonly maxMemoryBytes: number;
}

/** What heic-thread.mjs answers. */
type HeicAnswer =
  | { readonly tiff: Uint8Array; readonly width: number; readonly height: number }
  | { readonly error: string };

/** What the library's heap may have beside the pixels: its own start, and the file, twice. */
const BASE_MEMORY_BYTES = 64 * 2 ** 20;
/** The most that the library's heap takes for a pixel, rounded up: planes in YCbCr, and RGBA. */
const MEMORY_BYTES_PER_PIXEL = 16;
/** Pictures decoded at a time, as libuv's threads decode those of other formats. */
const MAX_THREADS = 4;

/** What Node has, but its types for Node 20 lack. */
const { WebAssembly: compiler } = globalThis as unknown as {
  readonly WebAssembly: { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };
};

const inTurn = pLimit(Math.min(MAX_THREADS, availableParallelism()));
let library: Promise<WebAssembly.Module> | undefined;

async function compileLibrary(): Promise<WebAssembly.Module> {
  const folder = pathToFileURL(createRequire(import.meta.url).resolve('libheif-js/package.json'));
  return compiler.compile(await readStoredFile(new URL('libheif-wasm/libheif.wasm', folder)));
}

/**
 * Decodes the primary picture, turned and cut as its container says, of a size that the caller has checked.
 *
 * @param profile The ICC profile of the picture.
 * @returns An uncompressed TIFF: 8 bits, RGB or RGBA, with the picture's ICC profile.
 * @throws {FoveaError} `image-corrupt` where it cannot be decoded, or is of another size than its header says.
 */
export async function decodeHeic(
  bytes: Uint8Array,
  header: ImageHeader,
  profile: Uint8Array | undefined,
): Promise<Uint8Array> {
  library ??= compileLibrary();
  const libheif = await library;
  const { width, height } = header;
  const maxMemoryBytes = BASE_MEMORY_BYTES + 2 * bytes.length + MEMORY_BYTES_PER_PIXEL * width * height;
  // Copies, since the thread gets whole buffers, and the caller's may hold more than this picture.
  const answer = await inTurn(() =>
    runThread({
      bytes: new Uint8Array(bytes),
      profile: profile === undefined ? undefined : new Uint8Array(profile),
      libheif,
      maxMemoryBytes,
    }),
  );
  if ('error' in answer) throw decodingError(header, answer.error, undefined);
  if (answer.width !== width || answer.height !== height) {
    const [announced, found] = [`${width} × ${height}`, `${answer.width} × ${answer.height}`];
    throw imageCorrupt('heic', `its header says ${announced} pixels, its picture has ${found}`);
  }
  return answer.tiff;
}

/** Runs a thread for one picture: its end gives back the memory, which the library's heap would keep. */
function runThread(task: HeicTask): Promise<HeicAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./heic-thread.mjs', import.meta.url), {
      // The thread does not need the loaders with which the process was started.
      execArgv: [],
      workerData: task,
      transferList: [task.bytes.buffer],
    });
    worker.once('message', (answer: HeicAnswer) => {
      resolve(answer);
      void worker.terminate();
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`The thread of libheif ended with exit code ${code}.`)));
  });
}

// The frozen part of a network as ONNX Runtime runs it, on threads of its own: pictures to feature vectors or maps. Where
// its file comes from, a network of ours or somebody else's export, does not matter here.

import os from 'node:os';
import { Worker } from 'node:worker_threads';
import type { InferenceSession } from 'onnxruntime-node';
import type { ModelInput } from '../core/model/manifest.ts';
import type { Network, NetworkWeights } from '../core/network/network.ts';
import { toOnnx } from '../core/network/onnx/to-onnx.ts';
import { closedSizeOf, outputShape } from '../core/network/shapes.ts';

/** Up to this size, a backbone keeps few cores busy by itself, and a second copy of it costs little. */
const SMALL_BYTES = 32 * 2 ** 20;

/** An `.onnx` file that makes of float32 pictures `[batch, height, width, channels]` one vector or map each, in one output. */
export interface OnnxBackbone {
  readonly onnx: Uint8Array;
  /** Values of the vector or map. */
  readonly features: number;
}

export interface BackboneSession {
  /**
   * Runs do not wait for each other as far as there are threads.
   * @param images Given away: their memory goes to a thread.
   * @returns float32, as many values for each picture as the backbone has features.
   */
  run(images: Float32Array<ArrayBuffer>, count: number): Promise<Float32Array>;
  /** Ends the threads; no run may be under way. */
  release(): Promise<void>;
}

/** @param backbone A network of ours, or the lower part of one. */
export const toOnnxBackbone = (backbone: Network, weights: NetworkWeights): OnnxBackbone => ({
  onnx: toOnnx(backbone, weights),
  features: closedSizeOf(outputShape(backbone)),
});

/** The caller releases the session. */
export async function openBackbone({ onnx }: OnnxBackbone, input: ModelInput): Promise<BackboneSession> {
  const cores = os.availableParallelism();
  const count = onnx.byteLength <= SMALL_BYTES ? Math.min(2, cores) : 1;
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: Math.floor(cores / count),
    executionMode: 'sequential',
    // Threads that wait for work in a loop take the time in which pictures are decoded.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Files of others bring warnings of their own.
    logSeverityLevel: 3,
  };
  const threads = Array.from({ length: count }, () => startThread(onnx, options));
  const release = async () => {
    await Promise.all(threads.map((thread) => thread.end()));
  };
  try {
    await Promise.all(threads.map((thread) => thread.opened));
  } catch (error) {
    await release();
    throw error;
  }
  return {
    run(images, pictures) {
      const idle = threads.reduce((least, thread) => (thread.load() < least.load() ? thread : least));
      return idle.run(images, [pictures, input.height, input.width, input.channels]);
    },
    release,
  };
}

/** As backbone-worker.mjs sends it. */
interface Answer {
  /** 0: of the session's opening. */
  readonly id: number;
  readonly values?: Float32Array;
  readonly error?: string;
}

interface Asked {
  readonly resolve: (values: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

interface SessionThread {
  readonly opened: Promise<unknown>;
  /** Runs that it has not answered yet. */
  load(): number;
  run(images: Float32Array<ArrayBuffer>, dims: readonly number[]): Promise<Float32Array>;
  end(): Promise<unknown>;
}

function startThread(onnx: Uint8Array, options: InferenceSession.SessionOptions): SessionThread {
  const worker = new Worker(new URL('./backbone-worker.mjs', import.meta.url), {
    workerData: { onnx, options },
    // Without what the process itself was started with, such as a compiler.
    execArgv: [],
  });
  const waiting = new Map<number, Asked>();
  let asked = 0;
  const ask = () =>
    new Promise<Float32Array>((resolve, reject) => {
      waiting.set(asked++, { resolve, reject });
    });
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('message', ({ id, values, error }: Answer) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(values ?? new Float32Array());
    else asker?.reject(new Error(error));
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`A thread of ONNX Runtime ended with exit code ${code}.`)));
  return {
    opened: ask(),
    load: () => waiting.size,
    run(images, dims) {
      worker.postMessage({ id: asked, images, dims }, [images.buffer]);
      return ask();
    },
    end: () => worker.terminate(),
  };
}

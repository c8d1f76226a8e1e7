// Runs the frozen layers of a network by ONNX Runtime, on threads of its own: from pictures to feature vectors or maps. The
// file may come from a network of ours or from somebody else's export.

import os from 'node:os';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { closedSizeOf, outputShape } from '../../core/network/description/shapes.ts';
import { toOnnx } from '../../core/network/onnx/to-onnx.ts';
import type { OnnxOptions, OnnxSession } from '../../core/predict/onnx-session.ts';
import { openThreadedSession } from '../../core/predict/threaded-session.ts';
import { present } from '../../core/present.ts';

/** A backbone up to this size keeps only a few cores busy, and a second copy of it costs little. */
const SMALL_BYTES = 32 * 2 ** 20;

/** An `.onnx` file that turns float32 pictures `[batch, height, width, channels]` into one feature vector or map each, in one output. */
export interface OnnxBackbone {
  readonly onnx: Uint8Array;
  /** Number of values of the vector or map. */
  readonly features: number;
  /** The same layers as a network of ours; absent for an imported backbone. */
  readonly layers?: { readonly network: Network; readonly weights: NetworkWeights };
}

/** A backbone that is ready to run. */
export interface BackboneSession {
  /**
   * Runs the backbone. Concurrent runs do not wait for each other as far as there are threads.
   * @param images their memory is transferred to a thread, and cannot be used afterwards.
   * @returns float32, as many values for each picture as the backbone has features.
   */
  run(images: Float32Array<ArrayBuffer>, count: number): Promise<Float32Array>;
  /** Ends the threads; no run may be in progress. */
  release(): Promise<void>;
}

/**
 * Exports frozen layers to ONNX.
 * @param backbone a network of ours, or its lowest layers.
 */
export const toOnnxBackbone = (backbone: Network, weights: NetworkWeights): OnnxBackbone => ({
  onnx: toOnnx(backbone, weights),
  features: closedSizeOf(outputShape(backbone)),
  layers: { network: backbone, weights },
});

/**
 * Opens a backbone on all processors; a small one twice, on half of them each. The caller releases the session.
 * @throws ONNX Runtime's error where the file cannot be loaded.
 */
export async function openBackbone({ onnx }: OnnxBackbone, input: ModelInput): Promise<BackboneSession> {
  const cores = os.availableParallelism();
  const count = onnx.byteLength <= SMALL_BYTES ? Math.min(2, cores) : 1;
  const options: OnnxOptions = {
    intraOpNumThreads: Math.floor(cores / count),
    executionMode: 'sequential',
    // Threads that spin while they wait would take the time in which pictures are decoded.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Imported files cause warnings that the user can do nothing about.
    logSeverityLevel: 3,
  };
  const opened = await Promise.allSettled(
    Array.from({ length: count }, () => openThreadedSession(onnx, options)),
  );
  const threads = opened.flatMap((one) =>
    one.status === 'fulfilled' ? [{ session: one.value, runs: 0 }] : [],
  );
  const release = async () => {
    await Promise.all(threads.map(({ session }) => session.release()));
  };
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await release();
    throw failed.reason;
  }
  return {
    async run(images, pictures) {
      const idle = threads.reduce((least, thread) => (thread.runs < least.runs ? thread : least));
      idle.runs += 1;
      try {
        return await runBackbone(idle.session, input, images, pictures);
      } finally {
        idle.runs -= 1;
      }
    },
    release,
  };
}

/** Runs a session of a backbone. @param images their memory may be transferred. @returns one row for each picture. */
export async function runBackbone(
  { inputNames, outputNames, run }: OnnxSession,
  { height, width, channels }: ModelInput,
  images: Float32Array<ArrayBuffer>,
  pictures: number,
): Promise<Float32Array> {
  const { values } = await run({
    inputName: present(inputNames[0], 'an input of the backbone'),
    outputName: present(outputNames[0], 'an output of the backbone'),
    input: images,
    dims: [pictures, height, width, channels],
  });
  return values as Float32Array;
}

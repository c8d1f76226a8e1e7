// The frozen part of a network as ONNX Runtime runs it: pictures to feature vectors or maps. Where its file comes from, a network of
// ours or somebody else's export, does not matter here.

import os from 'node:os';
import * as ort from 'onnxruntime-node';
import type { ModelInput } from '../core/model/manifest.ts';
import type { Network, NetworkWeights } from '../core/network/network.ts';
import { toOnnx } from '../core/network/onnx/to-onnx.ts';
import { closedSizeOf, outputShape } from '../core/network/shapes.ts';

/** An `.onnx` file that makes of float32 pictures `[batch, height, width, channels]` one vector or map each, in one output. */
export interface OnnxBackbone {
  readonly onnx: Uint8Array;
  /** Values of the vector or map. */
  readonly features: number;
}

export interface BackboneSession {
  /** @returns float32, as many values for each picture as the backbone has features. */
  run(images: Float32Array, count: number): Promise<Float32Array>;
  release(): Promise<void>;
}

/** @param backbone A network of ours, or the lower part of one. */
export const toOnnxBackbone = (backbone: Network, weights: NetworkWeights): OnnxBackbone => ({
  onnx: toOnnx(backbone, weights),
  features: closedSizeOf(outputShape(backbone)),
});

/** @param concurrentRuns Runs at a time, on a share of the cores each. The caller releases the session. */
export async function openBackbone(
  { onnx }: OnnxBackbone,
  input: ModelInput,
  concurrentRuns = 1,
): Promise<BackboneSession> {
  const session = await ort.InferenceSession.create(onnx, {
    intraOpNumThreads: Math.max(1, Math.floor(os.availableParallelism() / concurrentRuns)),
    executionMode: 'sequential',
    // Threads that wait for work in a loop take the time in which pictures are decoded.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Files of others bring warnings of their own.
    logSeverityLevel: 3,
  });
  const inputName = session.inputNames[0] as string;
  const outputName = session.outputNames[0] as string;
  return {
    async run(images, count) {
      const dims = [count, input.height, input.width, input.channels];
      const tensor = new ort.Tensor('float32', images, dims);
      return (await session.run({ [inputName]: tensor }))[outputName]?.data as Float32Array;
    },
    release: () => session.release(),
  };
}

// Runs an imported backbone by ONNX Runtime's CUDA provider. Knows where ONNX Runtime looks for the provider, and not how it gets there:
// set-up does that.

import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { inputLength } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { OpenOnnxSession } from '../../core/predict/onnx-session.ts';
import { openThreadedSession } from '../../core/predict/threaded-session.ts';
import { CUDA_LOADER, providerLink } from '../tensorflow/setup/onnx-provider.ts';
import { type BackboneSession, type OnnxBackbone, runBackbone } from './backbone-session.ts';

/** How a session is opened, and where the provider is. */
export interface CudaBackboneOptions {
  readonly input: ModelInput;
  /** Pictures of every run. A run of fewer is filled up, because cuDNN searches anew for the fastest kernels of each size. */
  readonly batchSize: number;
  readonly open?: OpenOnnxSession;
  /** Path of the provider; default: where ONNX Runtime looks for it. */
  readonly provider?: string;
}

/**
 * Opens a backbone on the GPU, and runs it once, which needs its memory and finds its kernels. The caller releases the session.
 *
 * @throws {Error} that says why the GPU cannot run it: no provider, no driver that is new enough, too little memory.
 */
export async function openCudaBackbone(
  { onnx, features }: OnnxBackbone,
  { input, batchSize, open = openThreadedSession, provider = providerLink() }: CudaBackboneOptions,
): Promise<BackboneSession> {
  if (!existsSync(provider)) {
    throw new Error('ONNX Runtime’s CUDA provider is not here; `fovea setup --gpu --imported` brings it');
  }
  const loader = path.join(path.dirname(realpathSync(provider)), CUDA_LOADER);
  if (existsSync(loader)) createRequire(import.meta.url)(loader);
  const session = await open(onnx, { executionProviders: ['cuda', 'cpu'], logSeverityLevel: 4 });
  const imageSize = inputLength(input);
  const run: BackboneSession['run'] = async (images, count) => {
    const filled = count === batchSize ? images : new Float32Array(batchSize * imageSize);
    if (filled !== images) filled.set(images);
    return (await runBackbone(session, input, filled, batchSize)).subarray(0, count * features);
  };
  try {
    await run(new Float32Array(batchSize * imageSize), batchSize);
  } catch (error) {
    await session.release();
    throw error;
  }
  return { run, release: () => session.release() };
}

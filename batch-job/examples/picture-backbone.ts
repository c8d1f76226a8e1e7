// Runs pictures through a backbone: on the job's GPU, by TensorFlow a network of ours and by ONNX Runtime an imported one; else by
// ONNX Runtime on the processors.

import { inputLength } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import { present } from '../../core/present.ts';
import { type BackboneSession, type OnnxBackbone, openBackbone } from '../base/backbone-session.ts';
import { openCudaBackbone } from '../base/cuda-backbone.ts';
import { allocateToLend, giveBack } from '../tensorflow/addon/unaligned.ts';
import type { Engine, Forward, ForwardOptions } from '../tensorflow/engine/engine.ts';
import { ONNX_RUNTIME_VERSION } from '../tensorflow/setup/onnx-provider.ts';
import type { ExampleSource } from './example-source.ts';

/** A larger batch costs memory and gains nothing on a CPU. */
const BATCH_SIZE = 8;
/** Fills a GPU with any of the networks. */
const DEVICE_BATCH_SIZE = 128;
/** The same for an imported backbone, whose pictures come as float32. */
const PROVIDER_BATCH_SIZE = 64;

/** A backbone that takes pictures and gives features. */
export interface PictureBackbone {
  /** Pictures that are best run together. */
  readonly batchSize: number;
  /** The device that computes; empty for ONNX Runtime on CPUs. Every cache key depends on it, because no two devices give the same bits. */
  readonly device: string;
  /** What computes, for people: a clause without a subject. */
  readonly computedBy: string;
  /**
   * Features of the pictures `indices`, one row after another.
   * @throws the signal's reason when aborted.
   */
  run(source: ExampleSource, indices: Int32Array, signal: AbortSignal): Promise<Float32Array>;
  /** Frees the backbone. */
  release(): Promise<void>;
}

/** Pictures that are best run together. @param isOurs Whether the backbone is a network of ours. */
export function featuresBatchSize(engine: Engine, isOurs: boolean): number {
  if (engine.info.backend !== 'gpu') return BATCH_SIZE;
  return isOurs ? DEVICE_BATCH_SIZE : PROVIDER_BATCH_SIZE;
}

/** Opens a backbone on a GPU by ONNX Runtime. */
export type OpenOnGpu = typeof openCudaBackbone;

/**
 * Opens a backbone; the caller releases it.
 *
 * @param engine the job's; its GPU is used where it has one.
 * @param openOnGpu how an imported backbone gets there. Where it cannot, the processors run it.
 */
export async function openPictureBackbone(
  backbone: OnnxBackbone,
  input: ModelInput,
  engine: Engine | undefined,
  openOnGpu: OpenOnGpu = openCudaBackbone,
): Promise<PictureBackbone> {
  if (engine?.info.backend !== 'gpu') return onProcessors(backbone, input);
  if (backbone.layers !== undefined) return onDevice(engine, backbone.layers, input);
  try {
    const session = await openOnGpu(backbone, { input, batchSize: PROVIDER_BATCH_SIZE });
    return onSession(session, input, {
      batchSize: PROVIDER_BATCH_SIZE,
      device: `onnxruntime cuda ${ONNX_RUNTIME_VERSION}`,
      computedBy: `ONNX Runtime ${ONNX_RUNTIME_VERSION} on the GPU`,
    });
  } catch (error) {
    const reason = briefly(error instanceof Error ? error.message : String(error));
    return onProcessors(backbone, input, `, because the GPU cannot run the imported backbone: ${reason}`);
  }
}

const LONGEST_REASON = 300;

/** ONNX Runtime wraps CUDA's own words in the names and types of its sources. */
const briefly = (message: string): string =>
  (/\bCU[A-Z]+ failure \d+: [^;]*/.exec(message)?.[0].trim() ?? message).slice(0, LONGEST_REASON);

const onProcessors = async (
  backbone: OnnxBackbone,
  input: ModelInput,
  because = '',
): Promise<PictureBackbone> =>
  onSession(await openBackbone(backbone, input), input, {
    batchSize: BATCH_SIZE,
    device: '',
    computedBy: `ONNX Runtime ${ONNX_RUNTIME_VERSION} on the processors${because}`,
  });

const onSession = (
  session: BackboneSession,
  input: ModelInput,
  description: Pick<PictureBackbone, 'batchSize' | 'device' | 'computedBy'>,
): PictureBackbone => ({
  ...description,
  async run(source, indices, signal) {
    const images = new Float32Array(indices.length * inputLength(input));
    await source.fill(indices, images, signal);
    signal.throwIfAborted();
    return session.run(images, indices.length);
  },
  release: () => session.release(),
});

async function onDevice(
  engine: Engine,
  layers: NonNullable<OnnxBackbone['layers']>,
  input: ModelInput,
): Promise<PictureBackbone> {
  const { preprocessing } = input;
  const options: ForwardOptions = { ...layers, batchSize: DEVICE_BATCH_SIZE, preprocessing };
  const plain = await engine.createForward(options);
  let views: Forward | undefined;
  return {
    batchSize: DEVICE_BATCH_SIZE,
    device: `${engine.info.backend} ${engine.info.versions['tensorflow']}`,
    computedBy: `TensorFlow ${engine.info.versions['tensorflow']} on the GPU`,
    async run({ pixels }, indices, signal) {
      if (pixels === undefined)
        throw new Error('Features are computed from pictures, and the examples have no pixels.');
      const [height, width, channels] = pixels.shape;
      const images = allocateToLend(indices.length * height * width * channels);
      const drawn = await pixels.fill(indices, images, signal);
      signal.throwIfAborted();
      const isPlain = height === input.height && width === input.width;
      if (!isPlain) views ??= await engine.createForward({ ...options, viewsFrom: { height, width } });
      const features = await (isPlain ? plain : present(views, 'the forward pass of views')).run(
        images,
        indices.length,
        drawn,
      );
      giveBack(images);
      return features;
    },
    async release() {
      plain.dispose();
      views?.dispose();
    },
  };
}

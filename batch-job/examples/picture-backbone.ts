// Runs pictures through a backbone: by ONNX Runtime on CPUs or, for networks of ours, on a GPU.

import { inputLength } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import { present } from '../../core/present.ts';
import { type OnnxBackbone, openBackbone } from '../base/backbone-session.ts';
import { allocateToLend, giveBack } from '../tensorflow/addon/unaligned.ts';
import type { Engine, Forward, ForwardOptions } from '../tensorflow/engine/engine.ts';
import type { ExampleSource } from './example-source.ts';

/** A larger batch costs memory and gains nothing on a CPU. */
const BATCH_SIZE = 8;
/** Fills a GPU with any of the networks. */
const DEVICE_BATCH_SIZE = 128;

/** A backbone that takes pictures and gives features. */
export interface PictureBackbone {
  /** Pictures that are best run together. */
  readonly batchSize: number;
  /** The device that computes; empty for ONNX Runtime on CPUs. Every cache key depends on it, because no two devices give the same bits. */
  readonly device: string;
  /**
   * Features of the pictures `indices`, one row after another.
   * @throws the signal's reason when aborted.
   */
  run(source: ExampleSource, indices: Int32Array, signal: AbortSignal): Promise<Float32Array>;
  /** Frees the backbone. */
  release(): Promise<void>;
}

/** Pictures that are best run together. @param isOurs Whether the backbone is a network of ours. */
export const featuresBatchSize = (engine: Engine, isOurs: boolean): number =>
  engine.info.backend === 'gpu' && isOurs ? DEVICE_BATCH_SIZE : BATCH_SIZE;

/** Opens a backbone; the caller releases it. @param engine the job's; its GPU is used where it has one. */
export const openPictureBackbone = (
  backbone: OnnxBackbone,
  input: ModelInput,
  engine: Engine | undefined,
): Promise<PictureBackbone> =>
  engine?.info.backend === 'gpu' && backbone.layers !== undefined
    ? onDevice(engine, backbone.layers, input)
    : onProcessors(backbone, input);

async function onProcessors(backbone: OnnxBackbone, input: ModelInput): Promise<PictureBackbone> {
  const session = await openBackbone(backbone, input);
  return {
    batchSize: BATCH_SIZE,
    device: '',
    async run(source, indices, signal) {
      const images = new Float32Array(indices.length * inputLength(input));
      await source.fill(indices, images, signal);
      signal.throwIfAborted();
      return session.run(images, indices.length);
    },
    release: () => session.release(),
  };
}

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

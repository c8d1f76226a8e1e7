// Bytes to a network's input, by the model's input contract. Training and serving both come through here.

import type { ModelInput } from '../image/model-input.ts';
import { type DecodedImage, type DecodeOptions, decodeImage } from './decode-image.ts';
import { preprocessPixels } from './preprocess-pixels.ts';

export type DecodeToInputOptions = Pick<DecodeOptions, 'limits' | 'signal'>;

/** Number of float32 values of one picture. */
export const inputLength = (input: ModelInput): number => input.height * input.width * input.channels;

/**
 * Decodes a picture to the height, width and channels that a model takes, still as pixels.
 *
 * @throws {FoveaError} As decodeImage.
 */
export function decodeForInput(
  bytes: Uint8Array,
  input: ModelInput,
  options: DecodeToInputOptions = {},
): Promise<DecodedImage> {
  const { height, width, resize, channels } = input;
  return decodeImage(bytes, { ...options, channels, size: { height, width, resize } });
}

/**
 * Pixels of the right size to network values, `[height, width, channels]`.
 *
 * @param image From {@link decodeForInput}, or cut and flipped from it.
 * @param target Where to write, from `offset` on; made when absent.
 * @returns `target`.
 * @throws {RangeError} Where the picture has not the input's size, or the target is too small.
 */
export function toNetworkInput(
  image: Pick<DecodedImage, 'pixels' | 'width' | 'height' | 'channels'>,
  input: ModelInput,
  target: Float32Array = new Float32Array(inputLength(input)),
  offset = 0,
): Float32Array {
  if (image.height !== input.height || image.width !== input.width || image.channels !== input.channels) {
    throw new RangeError(
      `The pixels are ${image.height} × ${image.width} × ${image.channels}, but the input is ${input.height} × ${input.width} × ${input.channels}.`,
    );
  }
  return preprocessPixels(image.pixels, input.channels, input.preprocessing, target, offset);
}

/**
 * The whole path for one picture: float32 `[height, width, channels]`.
 *
 * @param target Made when absent; to fill a batch `[batch, height, width, channels]`, pass the `subarray` of each
 * picture. Unchanged where the picture cannot be read.
 * @returns `target`.
 * @throws {FoveaError} As decodeImage.
 */
export async function decodeToInput(
  bytes: Uint8Array,
  input: ModelInput,
  target?: Float32Array,
  options: DecodeToInputOptions = {},
): Promise<Float32Array> {
  return toNetworkInput(await decodeForInput(bytes, input, options), input, target);
}

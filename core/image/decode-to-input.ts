// Decodes pictures to a network's input, by the model's input contract. Training and serving both use it.

import { type DecodedImage, type DecodeOptions, decodeImage } from './decode-image.ts';
import { EARLIER_DECODING, type ModelInput } from './model-input.ts';
import { preprocessPixels } from './preprocess-pixels.ts';

/** Limits, and the signal that ends decoding. */
export type DecodeToInputOptions = Pick<DecodeOptions, 'limits' | 'signal'>;

/** Number of float32 values in one picture's input. */
export const inputLength = (input: ModelInput): number => input.height * input.width * input.channels;

/**
 * Decodes a picture to the height, width and channels of a model's input, as pixels.
 *
 * @throws {FoveaError} As decodeImage.
 */
export function decodeForInput(
  bytes: Uint8Array,
  input: ModelInput,
  options: DecodeToInputOptions = {},
): Promise<DecodedImage> {
  const { height, width, resize, crop, padding, channels, decoding = EARLIER_DECODING } = input;
  const size = { height, width, resize, crop, padding };
  return decodeImage(bytes, { ...options, channels, decoding, size });
}

/**
 * Turns pixels of the right size into network values, `[height, width, channels]`.
 *
 * @param image The result of {@link decodeForInput}, possibly augmented.
 * @param target Array to write to, from `offset` on. Default: a new one.
 * @returns `target`.
 * @throws {RangeError} where the picture does not have the input's size, or the target is too small.
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
 * Decodes one picture to network values, float32 `[height, width, channels]`.
 *
 * @param target Array to write to. To fill a batch `[batch, height, width, channels]`, pass the `subarray` of each picture. It is not
 * changed where the picture cannot be read. Default: a new one.
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

/**
 * Decodes a picture that is already the network's window, e.g. a golden picture: nothing is scaled or cut.
 * @param target Array to write to. Default: a new one.
 * @returns `target`, float32 `[height, width, channels]`.
 * @throws {RangeError} where the picture has another size than the input.
 * @throws {FoveaError} As decodeImage.
 */
export async function decodePreparedToInput(
  bytes: Uint8Array,
  input: ModelInput,
  target?: Float32Array,
): Promise<Float32Array> {
  return toNetworkInput(await decodeImage(bytes, { channels: input.channels }), input, target);
}

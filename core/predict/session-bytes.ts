// What an open session takes of the memory, as measured; for the session cache.

import type { ModelInput } from '../image/model-input.ts';

/** ONNX Runtime keeps the weights, some of them in a second, packed form. */
const WEIGHTS = 1.3;
/** The values between layers that it keeps for the next run, in inputs of float32: 37 for ResNet50, 27 for MobileNetV2, 20 for EfficientNetB0. */
const INPUTS = 30;
/** Graph and bookkeeping. */
const BASE_BYTES = 256 * 1024;
const FLOAT_BYTES = 4;

/**
 * Memory of one session of ONNX Runtime that has run one picture, in bytes. Measured on Linux, in MiB: 128 to 135 for ResNet50 (a file of
 * 97), 34 for MobileNetV2 (13.3), 38 for EfficientNetB0 (20), 1.6 for a small network (0.7).
 */
export const sessionBytes = (
  fileBytes: number,
  { height, width, channels }: Pick<ModelInput, 'height' | 'width' | 'channels'>,
): number => Math.ceil(BASE_BYTES + WEIGHTS * fileBytes + INPUTS * FLOAT_BYTES * height * width * channels);

// The options of commands that import networks, by which they say how pictures become the network's input.

import { InvalidArgumentError, Option } from 'commander';
import { CropSchema, PREPROCESSING_MODES, RESIZES } from '../../core/image/model-input.ts';
import { LAYOUTS } from '../../core/network/onnx/export-context.ts';

/** Says in which order an imported network has the axes of its input. @param fallback What counts without it. */
export const layoutOption = (fallback: string): Option =>
  new Option(
    '--layout <layout>',
    `axes of its input: nchw as in PyTorch, nhwc as in TensorFlow ${fallback}`,
  ).choices(LAYOUTS);

/** Says which values an imported network takes. @param fallback What counts without it. */
export const preprocessingOption = (fallback: string): Option =>
  new Option(
    '--preprocessing <mode>',
    `what it was trained on: tf -1 to 1; torch ImageNet mean and deviation; caffe BGR less the mean; unit 0 to 1; none 0 to 255 ${fallback}`,
  ).choices(PREPROCESSING_MODES);

/** Says how pictures are brought to the shape of an imported network. */
export const resizeOption = (): Option =>
  new Option(
    '--resize <way>',
    'how pictures are brought to its shape: cover keeps theirs and cuts out the center, contain adds black edges, stretch ignores it (default: cover)',
  ).choices(RESIZES);

/** Says how much of a covering picture is kept, and refuses what no contract allows. */
export const cropOption = (): Option =>
  new Option(
    '--crop <share>',
    'with cover, the share of the sides that is kept, 0.5 to 1 (default: 0.875, 224 pixels out of 256)',
  ).argParser((text) => {
    const crop = CropSchema.safeParse(text.trim() === '' ? Number.NaN : Number(text));
    if (!crop.success) throw new InvalidArgumentError('It must be a number from 0.5 to 1.');
    return crop.data;
  });

// The options of commands that import networks, by which they say how pictures are brought to the network's shape.

import { InvalidArgumentError, Option } from 'commander';
import { CropSchema, RESIZES } from '../../core/image/model-input.ts';

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

// A heatmap over its picture, in the picture's own shape.

import { decodeImage } from '../image/decode-image.ts';
import { DEFAULT_IMAGE_LIMITS } from '../image/image-limits.ts';
import type { ModelInput } from '../image/model-input.ts';
import { overlayMap } from '../image/overlay-map.ts';
import { readImageHeader } from '../image/read-image-header.ts';
import { type Heatmap, MAX_HEATMAP_SIDE } from './heatmap.ts';

/**
 * PNG of a picture with a heatmap over it, at most {@link MAX_HEATMAP_SIDE} pixels a side. Models that see the whole
 * picture get it in its own shape; those that cut it or add edges get what they see.
 * @throws {FoveaError} as decodeImage.
 */
export async function drawHeatmap(
  image: Uint8Array,
  { resize, width, height }: ModelInput,
  heatmap: Heatmap,
): Promise<Uint8Array> {
  const shape = resize === 'stretch' ? await readImageHeader(image, DEFAULT_IMAGE_LIMITS) : { width, height };
  const longest = Math.max(shape.width, shape.height);
  const scale = resize === 'stretch' ? Math.min(1, MAX_HEATMAP_SIDE / longest) : MAX_HEATMAP_SIDE / longest;
  const size = {
    width: Math.max(1, Math.round(shape.width * scale)),
    height: Math.max(1, Math.round(shape.height * scale)),
    resize,
  };
  return overlayMap(await decodeImage(image, { size }), heatmap);
}

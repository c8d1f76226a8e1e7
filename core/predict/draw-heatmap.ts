// Draws a heatmap over its picture.

import { decodeImage } from '../image/decode-image.ts';
import { DEFAULT_IMAGE_LIMITS } from '../image/image-limits.ts';
import { EARLIER_DECODING, type ModelInput } from '../image/model-input.ts';
import { overlayMap } from '../image/overlay-map.ts';
import { readImageHeader } from '../image/read-image-header.ts';
import { type Heatmap, MAX_HEATMAP_SIDE } from './heatmap.ts';

/**
 * Draws a heatmap over a picture, as a PNG of at most {@link MAX_HEATMAP_SIDE} pixels a side. Where the model sees the whole picture, the
 * PNG has the picture's shape; where the model sees it cut or with added edges, the PNG shows that.
 * @throws {FoveaError} as decodeImage.
 */
export async function drawHeatmap(
  image: Uint8Array,
  { resize, crop, padding, width, height, decoding = EARLIER_DECODING }: ModelInput,
  heatmap: Heatmap,
): Promise<Uint8Array> {
  const shape = resize === 'stretch' ? await readImageHeader(image, DEFAULT_IMAGE_LIMITS) : { width, height };
  const longest = Math.max(shape.width, shape.height);
  const scale = resize === 'stretch' ? Math.min(1, MAX_HEATMAP_SIDE / longest) : MAX_HEATMAP_SIDE / longest;
  const size = {
    width: Math.max(1, Math.round(shape.width * scale)),
    height: Math.max(1, Math.round(shape.height * scale)),
    resize,
    crop,
    padding,
  };
  return overlayMap(await decodeImage(image, { size, decoding }), heatmap);
}

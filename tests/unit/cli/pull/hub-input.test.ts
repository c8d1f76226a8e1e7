// The files are shaped as those that transformers writes for ViT, DINOv2, SigLIP and networks without normalization.

import { describe, expect, it } from 'vitest';
import { parseHubInput } from '../../../../cli/pull/hub-input.ts';

const IMAGENET = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const parse = (config: object) => parseHubInput(JSON.stringify(config));

describe('parseHubInput', () => {
  it('takes the crop as the size, and numbers as they are', () => {
    const config = {
      ...IMAGENET,
      size: { shortest_edge: 256 },
      do_center_crop: true,
      crop_size: { height: 224, width: 220 },
    };
    expect(parse({ ...config, rescale_factor: 0.00392156862745098 })).toEqual({
      layout: 'nchw',
      preprocessing: { mean: IMAGENET.image_mean, std: IMAGENET.image_std, order: 'rgb' },
      size: { height: 224, width: 220 },
      framing: { resize: 'cover', crop: 0.875 },
    });
  });

  it.each([
    [{ size: 224 }, 224],
    [{ size: { height: 384, width: 384 } }, 384],
    [{ size: { shortest_edge: 224 }, crop_size: 192 }, 224],
  ])('takes the size of %j', (size, side) => {
    expect(parse({ ...IMAGENET, ...size }).size).toEqual({ height: side, width: side });
  });

  it.each([
    [
      { size: { shortest_edge: 224 }, do_center_crop: true, crop_size: 224 },
      { resize: 'cover', crop: 1 },
    ],
    [{ size: { height: 384, width: 384 } }, { resize: 'stretch' }],
    [
      { size: { shortest_edge: 224 }, crop_pct: 0.9 },
      { resize: 'cover', crop: 0.9 },
    ],
    [{ size: 224 }, { resize: 'stretch' }],
  ])('frames pictures as %j says', (config, framing) => {
    expect(parse({ ...IMAGENET, ...config }).framing).toEqual(framing);
  });

  it('brings numbers of other scales to values from 0 to 1', () => {
    const half = { image_mean: [0.5], image_std: [0.5] };
    expect(parse({ ...half, rescale_factor: 2 / 255 }).preprocessing).toMatchObject({
      mean: [0.25],
      std: [0.25],
    });
    expect(parse({ do_normalize: false }).preprocessing).toMatchObject({ mean: [0], std: [1] });
    const none = parse({ do_normalize: false, do_rescale: false }).preprocessing;
    expect(none).toMatchObject({ mean: [0], std: [1 / 255] });
  });

  it.each(['', '[]', '{}', '{"image_mean":[0.5],"image_std":[0]}', '{"do_normalize":false,"size":"big"}'])(
    'rejects %s',
    (text) => {
      expect(() => parseHubInput(text)).toThrow(/preprocessor_config\.json cannot be used.*--mean/);
    },
  );
});

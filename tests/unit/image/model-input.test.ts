import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeForInput, toNetworkInput } from '../../../core/image/decode-to-input.ts';
import {
  describePreprocessing,
  describeResize,
  inputFormatOf,
  type ModelInput,
  ModelInputSchema,
  type Preprocessing,
} from '../../../core/image/model-input.ts';
import { preprocessPixels } from '../../../core/image/preprocess-pixels.ts';
import { commitModel } from '../../../core/model/commit-model.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { colorManifest, colorOnnx, commitColorModel } from '../../support/color-model.ts';
import { randomValues } from '../../support/random-weights.ts';

const INPUT: ModelInput = { height: 8, width: 8, channels: 3, preprocessing: 'unit', resize: 'stretch' };
const COVERED: ModelInput = { ...INPUT, resize: 'cover', crop: 0.8 };

const noise = (width: number, height: number) =>
  sharp(
    Uint8Array.from(randomValues(width * height * 3, 7), (value) => 128 + 100 * value),
    { raw: { width, height, channels: 3 } },
  )
    .png()
    .toBuffer();

describe('an input contract', () => {
  it('of the first format gives the pixels that it has always given, whatever the picture', async () => {
    for (const [width, height] of [
      [90, 31],
      [31, 90],
      [64, 64],
    ] as const) {
      const bytes = await noise(width, height);
      for (const [resize, fit] of [
        ['stretch', 'fill'],
        ['cover', 'cover'],
        ['contain', 'contain'],
      ] as const) {
        const input = ModelInputSchema.parse({ ...INPUT, resize });
        const expected = await sharp(bytes, { failOn: 'error', sequentialRead: true, autoOrient: true })
          .resize(8, 8, { fit, kernel: 'cubic', background: '#000000', fastShrinkOnLoad: false })
          .removeAlpha()
          .raw()
          .toBuffer();
        const { pixels } = await decodeForInput(bytes, input);
        expect([...pixels]).toEqual([...expected]);
      }
    }
  });

  it('cuts the center out of a picture that is scaled to cover a larger square', async () => {
    const bytes = await noise(90, 40);
    const { pixels } = await decodeForInput(bytes, COVERED);
    // 8 / 0.8 = 10 pixels for the short side, 22.5 for the long one, rounded down.
    const scaled = await sharp(bytes)
      .resize(22, 10, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
      .extract({ left: 7, top: 1, width: 8, height: 8 })
      .raw()
      .toBuffer();
    expect([...pixels]).toEqual([...scaled]);
    const enlarged = await decodeForInput(await noise(5, 5), COVERED);
    expect([enlarged.width, enlarged.height, enlarged.pixels.length]).toEqual([8, 8, 192]);
    expect([...enlarged.pixels]).not.toEqual([
      ...(await decodeForInput(await noise(5, 5), { ...COVERED, crop: 1 })).pixels,
    ]);
  });

  it.each([
    ['scaled down', 40, 20],
    ['scaled up', 4, 2],
  ])('adds edges of its color to a picture that is %s', async (_, width, height) => {
    const white = await sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
      .png()
      .toBuffer();
    const { pixels } = await decodeForInput(white, { ...INPUT, resize: 'contain', padding: [1, 2, 3] });
    const rows = Array.from({ length: 8 }, (_unused, row) => [...pixels.subarray(24 * row, 24 * row + 3)]);
    const [edge, inside] = [
      [1, 2, 3],
      [255, 255, 255],
    ];
    expect(rows).toEqual([edge, edge, inside, inside, inside, inside, edge, edge]);
  });

  it('says its mean, its deviation and its order of colors', () => {
    const pixels = Uint8Array.from({ length: 24 }, (_, i) => (i * 37) % 256);
    const torch: Preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: 'rgb' };
    expect([...preprocessPixels(pixels, 3, torch)]).toEqual([...preprocessPixels(pixels, 3, 'torch')]);
    const turned = preprocessPixels(Uint8Array.of(255, 0, 51), 3, { mean: [0], std: [0.5], order: 'bgr' });
    expect([...turned]).toEqual([Math.fround(0.4), 0, 2]);
    const gray: Preprocessing = { mean: [0.5], std: [0.5], order: 'rgb' };
    expect([...preprocessPixels(Uint8Array.of(0, 255), 1, gray)]).toEqual([-1, 1]);
    expect(() => preprocessPixels(Uint8Array.of(1), 1, torch)).toThrow(/mean 0\.485.* needs 3 channels/);
  });

  it('is described in words', () => {
    expect([describeResize(INPUT), describeResize(COVERED)]).toEqual([
      'stretch',
      'cover, the center 0.8 of it',
    ]);
    expect(describeResize({ ...INPUT, resize: 'contain' })).toBe('contain, edges of 0, 0, 0');
    expect(describePreprocessing({ mean: [0.5], std: [0.25], order: 'bgr' })).toBe(
      'mean 0.5, std 0.25 of BGR',
    );
  });
});

describe('the format of what holds a contract', () => {
  it('is the first one where that can say all of it, which earlier versions read', () => {
    expect(inputFormatOf(INPUT)).toBe(1);
    expect(inputFormatOf({ ...INPUT, resize: 'cover', crop: 1, padding: [0, 0, 0], decoding: 2 })).toBe(1);
    expect(inputFormatOf(COVERED)).toBe(2);
    expect(inputFormatOf({ ...INPUT, padding: [0, 0, 1] })).toBe(2);
    expect(inputFormatOf({ ...INPUT, preprocessing: { mean: [0], std: [1], order: 'rgb' } })).toBe(2);
    expect(inputFormatOf({ ...INPUT, decoding: 3 })).toBe(3);
  });

  it('is read in either, as it is', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await commitColorModel(store, { version: '2', input: COVERED });
    const read = async (version: string) => {
      const { formatVersion, input } = await readManifest(store, 'color', version);
      return { formatVersion, input };
    };
    expect(await read('1')).toEqual({ formatVersion: 1, input: INPUT });
    expect(await read('2')).toEqual({ formatVersion: 2, input: COVERED });
  });

  it('cannot be one whose readers would misread it', async () => {
    const onnx = colorOnnx();
    const manifest = { ...colorManifest(onnx, { input: COVERED }), formatVersion: 1 as const };
    await expect(
      commitModel(createMemoryStore(), manifest, new Map([['model.onnx', onnx]])),
    ).rejects.toMatchObject({ code: 'model-commit-invalid', message: expect.stringContaining('format 2') });
  });

  it('is of a decoding that is known', () => {
    expect(ModelInputSchema.safeParse({ ...INPUT, decoding: 99 }).success).toBe(false);
  });
});

describe('toNetworkInput', () => {
  it('follows the numbers of the contract', () => {
    const input: ModelInput = {
      ...INPUT,
      height: 1,
      width: 1,
      preprocessing: { mean: [0.5, 0, 0], std: [0.5, 1, 1], order: 'bgr' },
    };
    const image = { pixels: Uint8Array.of(255, 0, 255), width: 1, height: 1, channels: 3 } as const;
    expect([...toNetworkInput(image, input)]).toEqual([1, 0, 1]);
  });
});

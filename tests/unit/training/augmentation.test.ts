import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { drawView, type View } from '../../../batch-job/augmentation/draw-view.ts';
import { AUGMENTATIONS } from '../../../batch-job/augmentation/presets.ts';
import { renderView } from '../../../batch-job/augmentation/render-view.ts';
import { drawContactSheet } from '../../../batch-job/examples/contact-sheet.ts';
import { createBatchMixer } from '../../../batch-job/examples/mix-batch.ts';
import { pictureExamples } from '../../../batch-job/examples/pictures.ts';
import { toPixels } from '../../../batch-job/examples/to-pixels.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import type { DatasetItem } from '../../../core/dataset/inspect-dataset.ts';
import { preprocessPixels } from '../../../core/image/preprocess-pixels.ts';
import { AugmentationSchema } from '../../../core/job/recipe/recipe.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';

const PLAIN: View = drawView(AUGMENTATIONS.none, 1, 1, 1);
const INPUT = { height: 12, width: 12, channels: 3, preprocessing: 'tf', resize: 'stretch' } as const;

/** Every pixel tells its place. */
function gradient(width: number, height: number) {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) pixels.set([i % width, Math.floor(i / width), 200], 3 * i);
  return { pixels, width, height, channels: 3 as const };
}

describe('drawView', () => {
  it('depends on seed, epoch and picture alone', () => {
    const view = drawView(AUGMENTATIONS.strong, 1, 2, 3);
    expect(drawView(AUGMENTATIONS.strong, 1, 2, 3)).toEqual(view);
    for (const [seed, epoch, picture] of [
      [2, 2, 3],
      [1, 3, 3],
      [1, 2, 4],
    ] as const) {
      expect(drawView(AUGMENTATIONS.strong, seed, epoch, picture)).not.toEqual(view);
    }
  });

  it("cuts the course's 90 % of each side anywhere, and flips every other picture", () => {
    const views = Array.from({ length: 400 }, (_, i) => drawView(AUGMENTATIONS.course, 1, 1, i));
    for (const { width, height, centerX, angle } of views) {
      expect([width, height, Math.abs(angle)]).toEqual([0.9, 0.9, 0]);
      expect(centerX).toBeGreaterThanOrEqual(0.45);
      expect(centerX).toBeLessThanOrEqual(0.55);
    }
    const mirrored = views.filter((view) => view.isMirrored).length;
    expect(mirrored).toBeGreaterThan(160);
    expect(mirrored).toBeLessThan(240);
  });

  it('stays within the picture unless it is rotated', () => {
    for (let i = 0; i < 300; i++) {
      const { centerX, centerY, width, height } = drawView(AUGMENTATIONS.strong, 3, 1, i);
      expect(centerX - width / 2).toBeGreaterThanOrEqual(-1e-12);
      expect(centerX + width / 2).toBeLessThanOrEqual(1 + 1e-12);
      expect(centerY - height / 2).toBeGreaterThanOrEqual(-1e-12);
      expect(centerY + height / 2).toBeLessThanOrEqual(1 + 1e-12);
      expect(width * height).toBeGreaterThanOrEqual(AUGMENTATIONS.strong.crop - 1e-12);
    }
  });
});

describe('renderView', () => {
  const source = gradient(20, 10);

  it('returns the same pixels where no augmentation is set', () => {
    expect(renderView(source, PLAIN, source).pixels).toEqual(source.pixels);
  });

  it('mirrors and crops at exact pixels', () => {
    const mirrored = renderView(source, { ...PLAIN, isMirrored: true }, source);
    expect([...mirrored.pixels.subarray(0, 3)]).toEqual([19, 0, 200]);
    const half = { ...PLAIN, width: 0.5, height: 0.5, centerX: 0.75, centerY: 0.75 };
    const cut = renderView(source, half, { width: 10, height: 5 });
    expect([...cut.pixels.subarray(0, 3)]).toEqual([10, 5, 200]);
    expect([...cut.pixels.subarray(-3)]).toEqual([19, 9, 200]);
  });

  it('rotates by 180° as mirroring both ways does', () => {
    const turned = renderView(source, { ...PLAIN, angle: Math.PI }, source);
    expect([...turned.pixels.subarray(0, 3)]).toEqual([19, 9, 200]);
  });

  it('changes brightness and saturation, and cuts out a square', () => {
    const bright = renderView(source, { ...PLAIN, brightness: 1.5 }, source);
    expect([...bright.pixels.subarray(-3)]).toEqual([29, 14, 255]);
    const [red, green, blue] = renderView(source, { ...PLAIN, saturation: 0 }, source).pixels;
    expect([red, green]).toEqual([blue, blue]);
    const hidden = renderView(
      source,
      { ...PLAIN, cutout: { centerX: 0.5, centerY: 0.5, side: 0.4 } },
      source,
    );
    expect(hidden.pixels.filter((value) => value === 128)).toHaveLength(8 * 4 * 3);
  });
});

describe('createBatchMixer', () => {
  const batch = {
    images: Float32Array.from({ length: 4 * 4 * 4 }, (_, i) => Math.floor(i / 16)),
    labels: Int32Array.of(0, 1, 2, 3),
    count: 4,
  };
  const mixer = (augmentation: { mixup: number; cutmix: number }) =>
    createBatchMixer({ augmentation, seed: 1, classes: 4, shape: [4, 4, 1] });

  it('is undefined where no mixing is set', () => {
    expect(mixer({ mixup: 0, cutmix: 0 })).toBeUndefined();
  });

  it.each([
    { mixup: 0.4, cutmix: 0 },
    { mixup: 0, cutmix: 1 },
  ])('gives labels the shares of their pictures: %o', (augmentation) => {
    for (let index = 0; index < 20; index++) {
      const { images, labels } = mixer(augmentation)?.(batch, 1, index) ?? batch;
      for (let i = 0; i < 4; i++) {
        const shares = Array.from(labels.subarray(4 * i, 4 * i + 4));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        expect(shares[i]).toBeGreaterThanOrEqual(0.4);
        // A picture's value is its class, so the mean of the mixed one is the mean of the labels.
        const mean =
          Array.from(images.subarray(16 * i, 16 * i + 16)).reduce((sum, value) => sum + value, 0) / 16;
        const expected = shares.reduce((sum, share, label) => sum + share * label, 0);
        expect(mean).toBeCloseTo(expected, 4);
      }
    }
  });
});

describe('toPixels', () => {
  it.each(['tf', 'torch', 'caffe', 'unit', 'none'] as const)(
    'undoes the preprocessing %s',
    (preprocessing) => {
      const { pixels } = gradient(16, 16);
      expect(toPixels(preprocessPixels(pixels, 3, preprocessing), { channels: 3, preprocessing })).toEqual(
        pixels,
      );
    },
  );
});

describe('pictureExamples', () => {
  const bytesOf = (red: number) =>
    sharp({ create: { width: 12, height: 12, channels: 3, background: { r: red, g: 9, b: 9 } } })
      .png()
      .toBuffer();

  async function setUp(reds: readonly number[]) {
    const store = createMemoryStore();
    const items = await Promise.all(
      reds.map(async (red, i): Promise<DatasetItem> => {
        const bytes = await bytesOf(red);
        await store.put(`${i}.png`, bytes);
        const contentHash = contentHashOf(bytes);
        return { key: `${i}.png`, contentHash, classIndex: i % 2, split: 'train' } as unknown as DatasetItem;
      }),
    );
    return { store, items };
  }

  const fill = async (source: ReturnType<typeof pictureExamples>, index: number) => {
    const image = new Float32Array(12 * 12 * 3);
    await source.fill(Int32Array.of(index), image);
    return image;
  };

  it('augments pictures only in epochs, with the same view each time', async () => {
    const { store, items } = await setUp([100, 150, 200, 250]);
    const augmentation = AugmentationSchema.parse({ color: 0.5 });
    const source = pictureExamples(store, items, INPUT, { augmentation, seed: 1 });
    const first = source.atEpoch?.(1) ?? source;
    expect((await fill(source, 1))[0]).toBeCloseTo(150 / 127.5 - 1, 6);
    expect(await fill(first, 1)).not.toEqual(await fill(source, 1));
    expect(await fill(first, 1)).toEqual(await fill(source.atEpoch?.(1) ?? source, 1));
    expect(await fill(first, 1)).not.toEqual(await fill(source.atEpoch?.(2) ?? source, 1));
  });

  it('gives the same pixels as its preprocessed values, decoded once for each size', async () => {
    const { store, items } = await setUp([100, 150, 200, 250]);
    let reads = 0;
    const counting = {
      ...store,
      get: (...args: Parameters<typeof store.get>) => {
        reads += 1;
        return store.get(...args);
      },
    };
    const augmentation = AugmentationSchema.parse({ crop: 0.5 });
    const source = pictureExamples(counting, items, INPUT, { augmentation, seed: 1 });
    const pixelsOf = async ({ pixels }: ReturnType<typeof pictureExamples>) => {
      const [height = 0, width = 0, channels = 0] = pixels?.shape ?? [];
      const values = new Uint8Array(2 * height * width * channels);
      const drawn = await pixels?.fill(Int32Array.of(1, 3), values);
      return { shape: [height, width, channels], values, drawn };
    };

    const plain = await pixelsOf(source);
    expect(plain.shape).toEqual([12, 12, 3]);
    expect(preprocessPixels(plain.values, 3, 'tf').subarray(0, 12 * 12 * 3)).toEqual(await fill(source, 1));
    expect(plain.drawn?.size).toBe(0);

    const first = await pixelsOf(source.atEpoch?.(1) ?? source);
    expect(first.shape).toEqual([14, 14, 3]);
    expect(new Set(first.values.subarray(0, 14 * 14 * 3))).toEqual(new Set([150, 9]));
    expect(new Set(first.values.subarray(14 * 14 * 3))).toEqual(new Set([250, 9]));
    const readBefore = reads;
    const second = await pixelsOf(source.atEpoch?.(2) ?? source);
    expect(reads).toBe(readBefore);
    expect(second.values).toEqual(first.values);
    expect(second.drawn).not.toEqual(first.drawn);
  });

  it('crops views out of a picture decoded large enough to keep detail', async () => {
    const side = 48;
    const stripes = Uint8Array.from({ length: side * side * 3 }, (_, i) =>
      Math.floor(i / 3 / 4) % 2 === 0 ? 0 : 255,
    );
    const bytes = await sharp(stripes, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer();
    const { store, items } = await setUp([100]);
    await store.put('0.png', bytes);
    const source = pictureExamples(store, items, INPUT, { augmentation: AUGMENTATIONS.course, seed: 1 });
    const contrastOf = (image: Float32Array) =>
      Math.sqrt(image.reduce((sum, value) => sum + value ** 2, 0) / image.length);
    // Stripes of a pixel each in the input, around 0: in one of half the size they are gray.
    const whole = contrastOf(await fill(source, 0));
    for (let epoch = 1; epoch <= 8; epoch++)
      expect(contrastOf(await fill(source.atEpoch?.(epoch) ?? source, 0))).toBeGreaterThan(0.3 * whole);
  });

  it('stretches pictures that are not cropped', async () => {
    const pixels = gradient(12, 12);
    const bytes = await sharp(pixels.pixels, { raw: { width: 12, height: 12, channels: 3 } })
      .png()
      .toBuffer();
    const { store, items } = await setUp([100]);
    await store.put('0.png', bytes);
    const augmentation = AugmentationSchema.parse({ aspect: 3 });
    const source = pictureExamples(store, items, INPUT, { augmentation });
    expect(await fill(source.atEpoch?.(1) ?? source, 0)).not.toEqual(await fill(source, 0));
  });

  it('cuts views out of all that the contract would cut the center of, in its shape', async () => {
    // A wide picture with a white frame around the square of its center.
    const [width, height, edge] = [160, 80, 8];
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      const isInside = x >= 40 + edge && x < 120 - edge && y >= edge && y < height - edge;
      return isInside || x < 40 || x >= 120 ? 0 : 255;
    });
    const { store, items } = await setUp([100]);
    await store.put(
      '0.png',
      await sharp(pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const input = { ...INPUT, resize: 'cover', crop: 0.7 } as const;
    const source = pictureExamples(store, items, input, {
      augmentation: AugmentationSchema.parse({ flip: 1 }),
    });
    const at = (image: Float32Array, x: number, y: number) => (image[3 * (12 * y + x)] as number) > 0;
    const corners = (image: Float32Array) => [0, 11].flatMap((x) => [0, 11].map((y) => at(image, x, y)));
    expect(corners(await fill(source, 0))).toEqual([false, false, false, false]);
    // A view of the whole: its corners are the frame's, whose sides are as long as each other.
    expect(corners(await fill(source.atEpoch?.(1) ?? source, 0))).toEqual([true, true, true, true]);
    expect((source.atEpoch?.(1) ?? source).pixels?.shape).toEqual([20, 20, 3]);
  });

  it('replaces a picture that cannot be read by another of its class, and reports it once', async () => {
    const { store, items } = await setUp([10, 20, 30, 40]);
    await store.put('1.png', 'broken');
    const told: string[] = [];
    const source = pictureExamples(store, items, INPUT, {
      onUnreadable: async ({ key }, { code }) => {
        told.push(`${key} ${code}`);
      },
    });
    expect(await fill(source, 1)).toEqual(await fill(source, 3));
    expect(await fill(source, 1)).toEqual(await fill(source, 3));
    expect(told).toEqual(['1.png image-unsupported']);
    await expect(fill(pictureExamples(store, items, INPUT), 1)).rejects.toMatchObject({
      code: 'image-unsupported',
    });
  });
});

describe('drawContactSheet', () => {
  it('draws a grid of pictures with labels below them', async () => {
    const images = new Float32Array(7 * 12 * 12 * 3).fill(-1);
    const classes = ['cat & <dog>', 'a name that is far too long for its place'];
    const labels = Int32Array.of(0, 1, 0, 1, 0, 1, 0);
    const png = await drawContactSheet({ images, labels }, { input: INPUT, classes });
    const { width, height, format } = await sharp(png).metadata();
    expect([format, width, height]).toEqual(['png', 8 + 6 * 168, 8 + 2 * 192]);
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    // The first picture is black, and right of the seventh is nothing.
    expect(data[(50 * info.width + 50) * info.channels]).toBe(0);
    expect(data[(250 * info.width + 400) * info.channels]).toBe(255);
  });
});

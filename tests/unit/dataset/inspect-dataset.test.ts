import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { RECOMMENDED_CLASS_PICTURES } from '../../../core/dataset/check-classes.ts';
import {
  FINDING_SEVERITIES,
  type FindingCode,
  MAX_FINDINGS_PER_CODE,
} from '../../../core/dataset/findings.ts';
import { type InspectDatasetOptions, inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { summarizeClasses } from '../../../core/dataset/summarize-dataset.ts';
import { decodeImage } from '../../../core/image/decode-image.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../../core/image/image-limits.ts';
import { makePattern, makePicture, makePictures, makePlain, storeOf } from '../../support/make-dataset.ts';

const SPLIT = { train: 0.75, validation: 0.15, test: 0.1 };
const inspect = async (
  files: Readonly<Record<string, Uint8Array | string>>,
  options: Partial<InspectDatasetOptions> = {},
) => inspectDataset(await storeOf(files), 'pets', { split: SPLIT, ...options });
const key = (path: string) => `datasets/pets/${path}`;
const good = () => makePictures({ cat: 12, dog: 12 });

describe('inspectDataset', () => {
  it('finds nothing wrong with a good dataset and names its classes in order', async () => {
    const { classes, items, findings, dataset } = await inspect(await makePictures({ dog: 12, cat: 12 }));
    expect([dataset, classes, findings]).toEqual(['pets', ['cat', 'dog'], []]);
    expect(items.map((item) => item.key)).toEqual(items.map((item) => item.key).toSorted());
    expect(items).toHaveLength(24);
    expect(items[0]).toEqual({
      key: key('cat/1.png'),
      classIndex: 0,
      split: expect.stringMatching(/^(train|validation|test)$/),
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      sizeBytes: (await makePicture(12)).length,
      width: 4,
      height: 4,
      brightness: expect.closeTo((0.299 * 12) / 255, 3),
    });
  });

  it('gives the same answer whatever the files are called and however many are read at once', async () => {
    const files = await good();
    const renamed = Object.fromEntries(
      Object.entries(files).map(([name, body]) => [name.replace('/', '/a/x'), body]),
    );
    const [first, second] = [await inspect(files), await inspect(renamed, { concurrency: 1 })];
    expect(second.contentHash).toBe(first.contentHash);
    expect(summarizeClasses(second)).toEqual(summarizeClasses(first));
    const more = await inspect({ ...files, 'cat/new.png': await makePicture(999) });
    expect(more.contentHash).not.toBe(first.contentHash);
  });

  it('counts HEIC pictures, and finds the same picture in another format', async () => {
    const heic = new Uint8Array(
      readFileSync(new URL('../../fixtures/heic/orientation-6.heic', import.meta.url)),
    );
    const { pixels, width, height } = await decodeImage(heic);
    const png = new Uint8Array(
      await sharp(pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const { items, findings } = await inspect({
      ...(await good()),
      'cat/photo.heic': heic,
      'cat/photo.png': png,
      'cat/cut.heic': heic.slice(0, -9),
    });
    const [photo, copy] = ['photo.heic', 'photo.png'].map((name) =>
      items.find((item) => item.key === key(`cat/${name}`)),
    );
    expect(photo).toMatchObject({ width: 64, height: 96, brightness: copy?.brightness });
    expect(photo?.split).toBe(copy?.split);
    expect(findings.map(({ code }) => code).toSorted()).toEqual(['file-corrupt', 'near-duplicate']);
  });

  it('honors folders train, val and test', async () => {
    const files = await makePictures({
      'train/cat': 12,
      'train/dog': 12,
      'val/cat': 3,
      'val/dog': 3,
      'test/cat': 4,
      'test/dog': 4,
    });
    const inspection = await inspect(files);
    expect(inspection.findings).toEqual([]);
    expect(summarizeClasses(inspection)).toEqual([
      { label: 'cat', train: 12, validation: 3, test: 4 },
      { label: 'dog', train: 12, validation: 3, test: 4 },
    ]);
  });

  it('takes the validation out of train/ where only train/ and test/ are there', async () => {
    const inspection = await inspect(
      await makePictures({ 'train/cat': 60, 'train/dog': 60, 'test/cat': 5, 'test/dog': 5 }),
    );
    for (const { train, validation, test } of summarizeClasses(inspection)) {
      expect([train + validation, test]).toEqual([60, 5]);
      expect(validation).toBeGreaterThan(2);
      expect(validation).toBeLessThan(25);
    }
  });

  it('takes folders train and car for classes, and refuses them where nothing else is there', async () => {
    expect((await inspect(await makePictures({ train: 3, car: 3 }))).classes).toEqual(['car', 'train']);
    const flat = await inspect(await makePictures({ train: 3, test: 3 }));
    expect([flat.classes, flat.findings[0]?.code]).toEqual([['test', 'train'], 'layout-ambiguous']);
  });

  it('names files in a folder around everything by their own keys', async () => {
    const files = await makePictures({
      'pets/train/cat': 12,
      'pets/train/dog': 9,
      'pets/x_test/cat': 3,
      'pets/x_test/dog': 3,
    });
    const { findings, classes, items } = await inspect(files);
    expect([classes, items[0]?.key]).toEqual([['cat', 'dog'], key('pets/train/cat/1.png')]);
    expect(findings.map(({ code, key }) => [code, key])).toEqual([['class-few-pictures', key('pets/dog/')]]);
  });

  it('counts one picture as one', async () => {
    const { findings } = await inspect(await makePictures({ cat: 12, dog: 1 }));
    expect(findings.find(({ code }) => code === 'class-too-small')?.message).toContain(
      'The class "dog" has 1 usable picture; at least',
    );
  });

  it('reports progress and stops when it is told to', async () => {
    const seen: number[] = [];
    await inspect(await good(), { onProgress: ({ done, total }) => seen.push(done / total) });
    expect([seen.length, seen.at(-1)]).toEqual([24, 1]);
    await expect(inspect(await good(), { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
    const controller = new AbortController();
    const halfway = inspect(await good(), {
      signal: controller.signal,
      concurrency: 1,
      onProgress: ({ done }) => done === 5 && controller.abort(new Error('halfway')),
    });
    await expect(halfway).rejects.toThrow('halfway');
  });

  it('rejects a dataset that is not there or only has hidden files, and says where it belongs', async () => {
    await expect(inspect({})).rejects.toMatchObject({
      code: 'dataset-not-found',
      message: expect.stringContaining('datasets/pets/<class>/<file> in memory:'),
    });
    await expect(inspect({ '.DS_Store': 'x' })).rejects.toMatchObject({ code: 'dataset-empty' });
  });

  it('keeps a bounded number of findings and counts the rest', async () => {
    const notes = Array.from(
      { length: MAX_FINDINGS_PER_CODE + 7 },
      (_, i) => [`cat/${i}.txt`, `note ${i}`] as const,
    );
    const { findings, findingCounts } = await inspect({ ...(await good()), ...Object.fromEntries(notes) });
    expect(findingCounts).toEqual({ 'file-unsupported': MAX_FINDINGS_PER_CODE + 7 });
    expect(findings).toHaveLength(MAX_FINDINGS_PER_CODE);
  });
});

/** What to add to a good dataset (or, with `only`, to have instead), and the keys that the finding then names. */
type Planted = {
  files: Record<string, Uint8Array | string>;
  only?: boolean;
  at: string | null;
  options?: Partial<InspectDatasetOptions>;
};

const PLANTED: Readonly<
  Record<
    Exclude<FindingCode, 'file-vanished' | 'file-after-snapshot' | 'picture-gone'>,
    () => Promise<Planted>
  >
> = {
  'file-empty': async () => ({ files: { 'cat/none.jpg': '' }, at: 'cat/none.jpg' }),
  'file-corrupt': async () => ({
    files: { 'cat/half.png': (await makePicture(7)).subarray(0, 60) },
    at: 'cat/half.png',
  }),
  'file-unsupported': async () => ({ files: { 'cat/readme.txt': 'not a picture' }, at: 'cat/readme.txt' }),
  'file-too-large': async () => ({
    files: { 'cat/film.mov': new Uint8Array(3000) },
    at: 'cat/film.mov',
    options: { limits: { ...DEFAULT_IMAGE_LIMITS, maxBytes: 2999 } },
  }),
  'file-unreadable': async () => ({ files: { 'caf\uFFFD': 'a folder' }, at: 'caf\uFFFD' }),
  'file-hidden': async () => ({
    files: { 'cat/.ipynb_checkpoints/1.png': await makePicture(1) },
    at: 'cat/.ipynb_checkpoints/1.png',
  }),
  'file-outside-class': async () => ({ files: { 'labels.csv': 'a,b' }, at: 'labels.csv' }),
  'picture-flat': async () => ({ files: { 'cat/plain.png': await makePlain(255, 9) }, at: 'cat/plain.png' }),
  'pictures-mostly-flat': async () => ({
    files: Object.fromEntries(
      await Promise.all(
        Array.from({ length: 25 }, async (_, i) => [`cat/mask-${i}.png`, await makePlain(i % 2, 5 + i)]),
      ),
    ),
    at: null,
  }),
  'duplicate-content': async () => ({ files: { 'cat/copy.png': await makePicture(0) }, at: 'cat/copy.png' }),
  'duplicate-across-classes': async () => ({
    files: { 'dog/copy.png': await makePicture(0) },
    at: 'cat/1.png',
  }),
  'duplicate-across-splits': async () => ({
    only: true,
    files: {
      ...(await makePictures({ 'train/cat': 12, 'train/dog': 12, 'test/dog': 3 })),
      'test/cat/seen.png': await makePicture(0),
    },
    at: 'train/cat/1.png',
  }),
  'near-duplicate': async () => ({
    files: { 'cat/a.png': await makePattern(1), 'cat/b.jpg': await makePattern(1, 'jpeg') },
    at: 'cat/a.png',
  }),
  'near-duplicate-across-classes': async () => ({
    files: { 'cat/a.png': await makePattern(1), 'dog/b.jpg': await makePattern(1, 'jpeg') },
    at: 'cat/a.png',
  }),
  'near-duplicate-across-splits': async () => ({
    only: true,
    files: {
      ...(await makePictures({ 'train/cat': 12, 'train/dog': 12, 'test/dog': 3, 'test/cat': 3 })),
      'train/cat/a.png': await makePattern(1),
      'test/cat/b.jpg': await makePattern(1, 'jpeg'),
    },
    at: 'test/cat/b.jpg',
  }),
  'layout-ambiguous': async () => ({
    only: true,
    files: await makePictures({ 'fold0/cat': 12, 'fold0/dog': 12, 'fold1/cat': 12, 'fold1/dog': 12 }),
    at: null,
  }),
  'class-case-collision': async () => ({ files: { 'Cat/1.png': await makePicture(900) }, at: 'Cat/' }),
  'class-too-small': async () => ({
    files: { 'owl/1.png': await makePicture(900), 'owl/2.png': await makePicture(901) },
    at: 'owl/',
  }),
  'class-few-pictures': async () => ({
    only: true,
    files: await makePictures({ cat: 12, dog: RECOMMENDED_CLASS_PICTURES - 1 }),
    at: 'dog/',
  }),
  'class-missing-in-split': async () => ({
    only: true,
    files: await makePictures({ 'train/cat': 12, 'train/dog': 12, 'test/dog': 3 }),
    at: 'cat/',
  }),
  'split-off-quota': async () => ({
    files: Object.fromEntries(
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => [
          `cat/burst-${i}.png`,
          await makePattern(1, 'png', 96 + i),
        ]),
      ),
    ),
    at: 'cat/',
  }),
  'pictures-tiny': async () => ({
    files: {},
    at: 'cat/',
    options: { inputSize: { height: 224, width: 300 } },
  }),
  'single-class': async () => ({ only: true, files: await makePictures({ cat: 12 }), at: null }),
  'no-images': async () => ({
    only: true,
    files: { 'cat/1.txt': 'text', 'dog.png': await makePicture(1) },
    at: null,
  }),
};

describe('findings', () => {
  it.each(Object.entries(PLANTED))('report %s where it is planted', async (code, plant) => {
    const { files, only, at, options } = await plant();
    const { findings, findingCounts } = await inspect(
      only ? files : { ...(await good()), ...files },
      options,
    );
    const found = findings.find((finding) => finding.code === code);
    expect(found?.severity).toBe(FINDING_SEVERITIES[code as FindingCode]);
    expect(found?.key).toBe(at === null ? null : key(at));
    expect(findingCounts[code as FindingCode]).toBeGreaterThan(0);
  });

  it('report a file that is deleted between listing and reading', async () => {
    const store = await storeOf(await good());
    const gone = key('cat/3.png');
    const racing = { ...store, get: async (name: string) => (name === gone ? undefined : store.get(name)) };
    const { findings, items } = await inspectDataset(racing, 'pets', { split: SPLIT });
    expect(findings).toMatchObject([{ code: 'file-vanished', key: gone }]);
    expect(items).toHaveLength(23);
  });

  it('leave the files at fault out, and one copy of each content in', async () => {
    const extra = {
      'cat/none.jpg': '',
      'cat/copy.png': await makePicture(0),
      'dog/twin.png': await makePicture(1),
      'cat/.hidden.png': 'x',
    };
    const { items } = await inspect({ ...(await good()), ...extra });
    const names = items.map((item) => item.key);
    expect(names).toHaveLength(23);
    expect(names).toContain(key('cat/1.png'));
    for (const name of ['cat/none.jpg', 'cat/copy.png', 'cat/2.png', 'dog/twin.png', 'cat/.hidden.png']) {
      expect(names).not.toContain(key(name));
    }
  });

  it('keep the test picture of a content that is also in train/', async () => {
    const files = await makePictures({ 'train/cat': 12, 'train/dog': 12, 'test/dog': 3 });
    const { items } = await inspect({ ...files, 'test/cat/seen.png': await makePicture(0) });
    expect(
      items.filter((item) => item.split === 'test' && item.classIndex === 0).map((item) => item.key),
    ).toEqual([key('test/cat/seen.png')]);
    expect(items.map((item) => item.key)).not.toContain(key('train/cat/1.png'));
  });

  it('leave damage behind the header to the full decode', async () => {
    const { default: sharp } = await import('sharp');
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#777777', noise } })
      .jpeg()
      .toBuffer();
    const files = { ...(await good()), 'cat/half.jpg': jpeg.subarray(0, jpeg.length - 300) };
    expect((await inspect(files, { decode: 'header' })).findings).toEqual([]);
    expect((await inspect(files)).findings).toMatchObject([
      { code: 'file-corrupt', key: key('cat/half.jpg') },
    ]);
  });

  it('put errors first', async () => {
    const { findings } = await inspect({ 'cat/1.png': await makePicture(1), 'a.txt': 'x', '.b': 'x' });
    expect(findings.map((finding) => finding.severity)).toEqual(['error', 'error', 'warning', 'info']);
  });
});

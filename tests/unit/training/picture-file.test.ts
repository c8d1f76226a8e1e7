import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPictureFile } from '../../../batch-job/examples/picture-file.ts';
import { createPictureReader } from '../../../batch-job/examples/picture-reader.ts';
import { openPixels } from '../../../core/image/open-image.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';

const GIB = 2 ** 30;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'fovea-picture-file-'));
});
afterAll(() => rm(directory, { recursive: true }));

const pixelsOf = (seed: number, size = 100) => Uint8Array.from({ length: size }, (_, i) => seed * 37 + i);
const roomy = async () => 100 * GIB;

describe('a file of pictures', () => {
  test('gives back what it was given, also many at once, and leaves no name in the folder', async () => {
    const file = createPictureFile({ directory, freeBytes: roomy });
    const seeds = Array.from({ length: 40 }, (_, i) => i);
    expect(await Promise.all(seeds.map((i) => file.write(`${i}`, pixelsOf(i, 100 + i))))).not.toContain(
      false,
    );
    await Promise.all(
      seeds.map(async (i) => {
        const target = new Uint8Array(100 + i);
        expect(await file.read(`${i}`, target)).toBe(true);
        expect(target).toEqual(pixelsOf(i, 100 + i));
      }),
    );
    expect(await file.read('other', new Uint8Array(100))).toBe(false);
    expect(await file.read('1', new Uint8Array(7))).toBe(false);
    expect(await readdir(directory)).toEqual([]);
    file.close();
    expect(await file.read('1', new Uint8Array(101))).toBe(false);
    expect(await file.write('1', pixelsOf(1))).toBe(false);
  });

  test('takes no more where the disk is nearly full, and still gives what it has', async () => {
    let free = 100 * GIB;
    const file = createPictureFile({ directory, freeBytes: async () => free });
    const large = new Uint8Array(64 * 2 ** 20).fill(3);
    expect(await file.write('large', large)).toBe(true);
    free = GIB;
    expect(await file.write('next', pixelsOf(1))).toBe(false);
    free = 100 * GIB;
    expect(await file.write('later', pixelsOf(1))).toBe(false);
    const target = new Uint8Array(large.length);
    expect(await file.read('large', target)).toBe(true);
    expect(target[5]).toBe(3);
    file.close();
  });

  test('takes nothing where the folder cannot be used', async () => {
    const file = createPictureFile({ directory: path.join(directory, 'missing'), freeBytes: roomy });
    expect(await file.write('a', pixelsOf(1))).toBe(false);
    expect(await file.read('a', new Uint8Array(100))).toBe(false);
    file.close();
  });
});

describe('a reader of pictures', () => {
  const INPUT = { height: 4, width: 5, channels: 3, preprocessing: 'tf', resize: 'stretch' } as const;
  const item = (key: string) => ({ key, classIndex: 0 }) as never;

  async function openReader(memoryBytes: number, folder?: string) {
    const store = createMemoryStore();
    for (const name of ['a', 'b', 'c']) {
      const pixels = pixelsOf(name.charCodeAt(0), 60);
      await store.put(name, await openPixels(pixels, { width: 5, height: 4, channels: 3 }).png().toBuffer());
    }
    let fetched = 0;
    const counted = {
      ...store,
      get: (...args: Parameters<typeof store.get>) => {
        fetched++;
        return store.get(...args);
      },
    };
    const reader = createPictureReader(counted, {
      memoryBytes,
      ...(folder === undefined ? {} : { directory: folder }),
    });
    const epoch = async () => {
      for (const name of ['a', 'b', 'c']) {
        const target = new Uint8Array(60);
        await reader.decode(item(name), INPUT, target, undefined);
        expect(target).toEqual(pixelsOf(name.charCodeAt(0), 60));
      }
      const count = fetched;
      fetched = 0;
      return count;
    };
    return { reader, epoch };
  }

  test.each([
    { kept: 'all in memory', memoryBytes: 180, onDisk: false, again: 0 },
    { kept: 'one in memory and two on disk', memoryBytes: 60, onDisk: true, again: 0 },
    { kept: 'one in memory', memoryBytes: 60, onDisk: false, again: 2 },
  ])('reads pictures again from the store only where they are not kept: $kept', async (one) => {
    const { reader, epoch } = await openReader(one.memoryBytes, one.onDisk ? directory : undefined);
    expect(await epoch()).toBe(3);
    expect(await epoch()).toBe(one.again);
    reader.close();
  });
});

import { describe, expect, it } from 'vitest';
import { contentHashOf } from '../../../core/content-hash.ts';
import { type InspectDatasetOptions, inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { InspectionUnfinished } from '../../../core/dataset/inspection-unfinished.ts';
import { packVerdicts, unpackVerdicts } from '../../../core/dataset/verdict-segment.ts';
import { FoveaError } from '../../../core/errors/errors.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { countCalls } from '../../support/counted-store.ts';
import { makePattern, makePicture, makePictures, makePlain, storeOf } from '../../support/make-dataset.ts';

const SPLIT = { train: 0.75, validation: 0.15, test: 0.1 };
const inspect = (store: ObjectStore, options: Partial<InspectDatasetOptions> = {}) =>
  inspectDataset(store, 'pets', { split: SPLIT, tidies: true, ...options });
const FOLDER = keys.datasetInspections('pets');
const indexOf = async (store: ObjectStore) => {
  const found: string[] = [];
  for await (const { key } of store.list(FOLDER)) found.push(key);
  return found;
};

/** Good pictures, and one of each kind of bad file. */
async function everyKind() {
  const pictures = await makePictures({ cat: 12, dog: 12 });
  const cut = (await makePattern(3)).subarray(0, 30);
  return storeOf({
    ...pictures,
    'cat/copy.png': pictures['cat/1.png'] as Uint8Array,
    'dog/same.png': pictures['cat/2.png'] as Uint8Array,
    'cat/empty.png': '',
    'cat/notes.txt': 'no picture',
    'cat/cut.png': cut,
    'dog/plain.png': await makePlain(200, 8),
    'dog/pattern.png': await makePattern(7),
    'dog/.hidden': 'x',
    'stray.png': await makePicture(77),
  });
}

describe('a second inspection', () => {
  it.each(['full', 'header'] as const)(
    'gives the same as the first to the bit, decoding %s',
    async (decode) => {
      const store = await everyKind();
      const fresh = await inspect(store, { decode });
      expect(Object.keys(fresh.findingCounts).length).toBeGreaterThan(5);
      expect(await inspect(store, { decode })).toEqual(fresh);
      const counted = countCalls(store);
      expect(await inspect(counted, { decode })).toEqual(fresh);
      // The one object of the index, and the numbers for the list of datasets, which headers do not change.
      const get = decode === 'full' ? 2 : 1;
      expect(counted.takeCounts()).toMatchObject({ get, put: 0, delete: 0 });
    },
  );

  it('takes headers from whole pictures, and not the reverse', async () => {
    const [store, other] = [await everyKind(), await everyKind()];
    const [full, header] = [await inspect(store), await inspect(other, { decode: 'header' })];
    expect(await inspect(store, { decode: 'header' })).toEqual(header);
    expect(await inspect(other)).toEqual(full);
  });

  it('reads files that are new or have changed, and forgets those that are gone', async () => {
    const store = await everyKind();
    await inspect(store);
    await store.put('datasets/pets/cat/1.png', await makePicture(501));
    await store.put('datasets/pets/cat/new.png', await makePicture(502));
    await store.delete('datasets/pets/dog/1.png');
    const counted = countCalls(store);
    const second = await inspect(counted);
    expect(counted.takeCounts()).toMatchObject({ get: 4 });
    for (const key of await indexOf(store)) await store.delete(key);
    expect(await inspect(store)).toEqual(second);
    const [name] = await indexOf(store);
    const files = unpackVerdicts(
      (await store.get(name as string))?.body ?? new Uint8Array(),
      (name ?? '').split('/').at(-1) ?? '',
    );
    expect(files?.map(({ path }) => path)).not.toContain('dog/1.png');
  });

  it.each([
    ['cut', (body: Uint8Array) => body.subarray(0, body.length / 2)],
    ['changed', (body: Uint8Array) => body.map((byte, at) => (at === 60 ? byte ^ 1 : byte))],
    ['emptied', () => new Uint8Array(0)],
  ])('finds out again what is in an object that was %s, and replaces it', async (_, damage) => {
    const store = await everyKind();
    const fresh = await inspect(store);
    const [key = ''] = await indexOf(store);
    const { body } = (await store.get(key)) ?? { body: new Uint8Array(0) };
    await store.put(key, damage(body));
    expect(await inspect(store)).toEqual(fresh);
    const counted = countCalls(store);
    await inspect(counted);
    expect(counted.takeCounts()).toMatchObject({ get: 2, put: 0 });
  });

  it('is as good in a store that takes no writes of it', async () => {
    const store = await everyKind();
    const refused = () => Promise.reject(new FoveaError('storage-denied', 'no', { param: FOLDER }));
    const denied = { ...store, put: refused, erase: refused };
    expect(await inspect(denied)).toEqual(await inspect(denied));
    expect(await indexOf(store)).toEqual([]);
  });

  it('knows what several at once have found out, in one object', async () => {
    const store = await everyKind();
    const isHalf = (half: number) => {
      let calls = 0;
      return () => ++calls > half;
    };
    const outcomes = await Promise.allSettled(
      [3, 5, 8, 13, 2, 4, 6, 7, 9, 10].map((half) =>
        inspect(store, { isTimeUp: isHalf(half), concurrency: 1 }),
      ),
    );
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    await Promise.all([inspect(store), inspect(store), inspect(store, { tidies: false })]);
    const counted = countCalls(store);
    await inspect(counted);
    expect(counted.takeCounts()).toMatchObject({ delete: 0, put: 0 });
    expect((await indexOf(store)).length).toBeLessThanOrEqual(8);
  });
});

describe('an inspection whose time is up', () => {
  it('goes on with the next one, and ends with the same', async () => {
    const [store, other] = [await everyKind(), await everyKind()];
    const seen: number[] = [];
    for (;;) {
      const end = await inspect(store, { isTimeUp: () => true, concurrency: 1 }).catch((error) => error);
      if (!(end instanceof InspectionUnfinished)) {
        expect(end).toEqual(await inspect(other));
        break;
      }
      seen.push(end.done / end.total);
    }
    expect(seen.length).toBeGreaterThan(20);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('keeps what was found before it was aborted', async () => {
    const store = await everyKind();
    const abort = new AbortController();
    const onProgress = ({ done }: { done: number }) => done === 10 && abort.abort(new Error('enough'));
    await expect(inspect(store, { signal: abort.signal, onProgress, concurrency: 1 })).rejects.toThrow(
      'enough',
    );
    const counted = countCalls(store);
    await inspect(counted, { tidies: false });
    const all = countCalls(await everyKind());
    await inspect(all, { tidies: false });
    expect(counted.takeCounts().get).toBe(all.takeCounts().get - 10 + 1);
  });
});

describe('groups of near-duplicates', () => {
  it('are kept for the same contents, whatever their names and order', async () => {
    const files = Object.fromEntries(
      await Promise.all(
        Array.from({ length: 110 }, async (_, i) => [
          `${i % 2 ? 'cat' : 'dog'}/${i}.png`,
          await (i % 10 === 9 ? makePattern(i - 1, 'jpeg') : makePattern(i)),
        ]),
      ),
    );
    const store = await storeOf(files);
    const fresh = await inspect(store);
    const [groups] = (await indexOf(store)).filter((key) => key.includes('/groups/'));
    expect(groups).toBeDefined();
    expect(await inspect(store)).toEqual(fresh);
    await store.put(groups as string, 'damaged');
    expect(await inspect(store)).toEqual(fresh);
    await store.put('datasets/pets/cat/more.png', await makePicture(7));
    await inspect(store);
    const left = (await indexOf(store)).filter((key) => key.includes('/groups/'));
    expect(left).toHaveLength(1);
    expect(left[0]).not.toBe(groups);
  });
});

describe('packed verdicts', () => {
  const FILE = {
    path: 'é/🦊.png',
    etag: '"e"',
    depth: 'full',
    verdict: { code: 'file-corrupt', reason: 'no' },
  } as const;

  it('are not read from other bytes than those that they were packed to', () => {
    const bytes = packVerdicts([FILE]);
    const name = contentHashOf(bytes);
    expect(unpackVerdicts(bytes, name)).toEqual([FILE]);
    expect(unpackVerdicts(bytes, contentHashOf(bytes.subarray(1)))).toBeUndefined();
    const newer = Buffer.from(bytes.toString('latin1').replace('verdicts-1', 'verdicts-2'), 'latin1');
    expect(unpackVerdicts(newer, contentHashOf(newer))).toBeUndefined();
  });
});

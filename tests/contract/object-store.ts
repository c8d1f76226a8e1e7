// What every driver of the object-store port promises, as one suite. Knows no driver.

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createJson, readJson, updateJson } from '../../core/storage/json.ts';
import { compareKeys } from '../../core/storage/object-key.ts';
import { type ObjectStore, PreconditionFailedError } from '../../core/storage/object-store.ts';

const WRITERS = 16;
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
const pattern = (sizeBytes: number) =>
  Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 31 + (i >> 8)) % 256);
const times = (count: number) => Array.from({ length: count }, (_, i) => i);

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const keysOf = async (items: AsyncIterable<{ readonly key: string }>) =>
  (await collect(items)).map(({ key }) => key);

/** Runs conditional writes at once; gives the winners' positions, and fails on any other error than a lost race. */
async function race(writes: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const results = await Promise.allSettled(writes.map((write) => write()));
  return results.flatMap((result, i) => {
    if (result.status === 'fulfilled') return [i];
    expect(result.reason).toBeInstanceOf(PreconditionFailedError);
    return [];
  });
}

/**
 * Registers the contract's tests.
 *
 * @param createStore makes an empty store; called once for each test.
 */
export function describeObjectStore(driver: string, createStore: () => Promise<ObjectStore>): void {
  describe(`object store: ${driver}`, () => {
    describe('objects', () => {
      test.each([
        ['empty', new Uint8Array(0)],
        ['binary', pattern(256)],
        ['5 MB', pattern(5_000_000)],
      ])('gives back a body that is %s', async (_, body) => {
        const store = await createStore();
        const written = await store.put('a/b.bin', body);
        const read = await store.get('a/b.bin');
        expect(read && Buffer.compare(read.body, body)).toBe(0);
        expect(read).toMatchObject({ key: 'a/b.bin', sizeBytes: body.length, etag: written.etag });
        expect(await store.head('a/b.bin')).toMatchObject({ sizeBytes: body.length, etag: written.etag });
        expect(written.sizeBytes).toBe(body.length);
        expect(Math.abs(Date.now() - (read?.lastModified.getTime() ?? 0))).toBeLessThan(60_000);
      });

      test('takes text as UTF-8', async () => {
        const store = await createStore();
        await store.put('t', 'naïve 🦊');
        expect(text((await store.get('t'))?.body)).toBe('naïve 🦊');
      });

      test.each([
        'with space/my photo (1).JPG',
        'unicode/été/写真/🦊.png',
        'dots/.hidden/..name/a.b.c',
        'signs/a+b=c&d%20e#f?g;h\'i"j*k~l@m,n$o!p^q`r{s}t|u[v]',
        `long/${'x'.repeat(200)}/${'y'.repeat(200)}`,
      ])('keeps the key %s', async (key) => {
        const store = await createStore();
        await store.put(key, key);
        expect(text((await store.get(key))?.body)).toBe(key);
        expect(await keysOf(store.list(''))).toEqual([key]);
        await store.delete(key);
        expect(await store.head(key)).toBeUndefined();
      });

      test.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', './a', 'a\0b', '\uD800', '.fovea-store/x'])(
        'rejects the key %j',
        async (key) => {
          const store = await createStore();
          for (const call of [
            () => store.get(key),
            () => store.head(key),
            () => store.put(key, ''),
            () => store.delete(key),
            () => store.erase(key),
          ]) {
            await expect(call()).rejects.toMatchObject({ code: 'key-invalid', param: key });
          }
        },
      );

      test('rejects keys over 1024 bytes', async () => {
        const store = await createStore();
        const key = Array(6).fill('é'.repeat(100)).join('/');
        await expect(store.put(key, '')).rejects.toMatchObject({ code: 'key-too-long' });
      });

      test('knows nothing of a missing key, and deletes it without an error', async () => {
        const store = await createStore();
        await store.put('a/b', '1');
        for (const key of ['a', 'a/c', 'a/b/c', 'x/y/z']) {
          expect(await store.get(key)).toBeUndefined();
          expect(await store.head(key)).toBeUndefined();
          await store.delete(key);
        }
        expect(await keysOf(store.list(''))).toEqual(['a/b']);
      });

      test('rejects when the signal is aborted', async () => {
        const store = await createStore();
        await store.put('a', '1');
        const signal = AbortSignal.abort();
        await expect(store.get('a', { signal })).rejects.toMatchObject({ name: 'AbortError' });
        await expect(store.put('a', '2', { signal })).rejects.toMatchObject({ name: 'AbortError' });
        await expect(collect(store.list('', { signal }))).rejects.toMatchObject({ name: 'AbortError' });
        expect(text((await store.get('a'))?.body)).toBe('1');
      });
    });

    describe('ranges', () => {
      test.each([
        [{ start: 0, end: 0 }, 0, 1],
        [{ start: 10, end: 19 }, 10, 20],
        [{ start: 90, end: 1000 }, 90, 100],
        [{ start: 0, end: 99 }, 0, 100],
      ])('reads %j', async (range, from, to) => {
        const store = await createStore();
        const { etag } = await store.put('a', pattern(100));
        const part = await store.get('a', { range });
        expect(part && [...part.body]).toEqual([...pattern(100).slice(from, to)]);
        expect(part).toMatchObject({ sizeBytes: 100, etag });
      });

      test.each([
        { start: 100, end: 200 },
        { start: 5, end: 4 },
        { start: -1, end: 4 },
        { start: 0.5, end: 4 },
      ])('rejects %j of 100 bytes', async (range) => {
        const store = await createStore();
        await store.put('a', pattern(100));
        await expect(store.get('a', { range })).rejects.toMatchObject({ code: 'range-not-satisfiable' });
      });
    });

    describe('conditional writes', () => {
      test('creates once', async () => {
        const store = await createStore();
        await store.put('a/b', '1', { ifNoneMatch: '*' });
        const second = store.put('a/b', '2', { ifNoneMatch: '*' });
        await expect(second).rejects.toMatchObject({ code: 'precondition-failed', param: 'a/b' });
        expect(text((await store.get('a/b'))?.body)).toBe('1');
      });

      test('changes the etag with every content, also of one size', async () => {
        const store = await createStore();
        const etags = new Set<string>();
        for (const i of times(20))
          etags.add((await store.put('a', `content ${i % 10}${i}`.slice(0, 11))).etag);
        expect(etags.size).toBe(20);
      });

      test('swaps from the current etag alone', async () => {
        const store = await createStore();
        const first = await store.put('a', '1');
        const second = await store.put('a', '2', { ifMatch: first.etag });
        await expect(store.put('a', '3', { ifMatch: first.etag })).rejects.toBeInstanceOf(
          PreconditionFailedError,
        );
        expect(text((await store.get('a'))?.body)).toBe('2');
        await store.put('a', '4', { ifMatch: second.etag });
        expect(text((await store.get('a'))?.body)).toBe('4');
      });

      test('rejects a swap of a missing key, and of a deleted one', async () => {
        const store = await createStore();
        const { etag } = await store.put('a', '1');
        await expect(store.put('b', '2', { ifMatch: etag })).rejects.toBeInstanceOf(PreconditionFailedError);
        await store.delete('a');
        await expect(store.put('a', '2', { ifMatch: etag })).rejects.toBeInstanceOf(PreconditionFailedError);
        expect(await keysOf(store.list(''))).toEqual([]);
        await store.put('a', '3', { ifNoneMatch: '*' });
        expect(text((await store.get('a'))?.body)).toBe('3');
      });
    });

    describe('erases', () => {
      test('an object, and none whose key begins with its key', async () => {
        const store = await createStore();
        for (const key of ['a', 'a-b', 'a.txt', 'b/c', 'b/c-d']) await store.put(key, key);
        await store.put('a', 'again');
        for (const key of ['a', 'b/c', 'b/x', 'nothing']) await store.erase(key);
        expect(await keysOf(store.list(''))).toEqual(['a-b', 'a.txt', 'b/c-d']);
        await store.put('a', 'new', { ifNoneMatch: '*' });
        expect(text((await store.get('a'))?.body)).toBe('new');
      });

      test('a folder with all that is in it, and nothing else', async () => {
        const store = await createStore();
        const odd = ['signs/a+b=c&d%20e#f?g;h', 'été/写真/🦊', 'control\u0001\u001f', 'x/y/z'];
        const kept = ['a', 'f-g/1', 'f.txt', 'g/f/1'];
        for (const key of [...kept, ...odd.map((name) => `f/${name}`)]) await store.put(key, key);
        await store.eraseAll('f/');
        expect(await keysOf(store.list(''))).toEqual(kept);
        await store.eraseAll('f/');
        await store.eraseAll('nothing/');
        expect(await keysOf(store.list(''))).toEqual(kept);
      });

      test.each(['', 'a'])('rejects the folder %j', async (prefix) => {
        const store = await createStore();
        await store.put('a/b', '');
        await expect(store.eraseAll(prefix)).rejects.toMatchObject({ code: 'key-invalid' });
        expect(await keysOf(store.list(''))).toEqual(['a/b']);
      });

      test('nothing more once the signal is aborted', async () => {
        const store = await createStore();
        for (const key of ['f/1', 'f/2']) await store.put(key, '');
        const signal = AbortSignal.abort(new Error('enough'));
        await expect(store.erase('f/1', { signal })).rejects.toThrow();
        await expect(store.eraseAll('f/', { signal })).rejects.toThrow();
        expect(await keysOf(store.list(''))).toEqual(['f/1', 'f/2']);
      });
    });

    describe('lists', () => {
      const KEYS = ['a', 'a-b', 'a.txt', 'b/', 'b-c', 'c'].flatMap((k) =>
        k.endsWith('/') ? [`${k}x`, `${k}y/z`] : [k],
      );
      const ODD = ['é', 'z', 'Z', '\uFFFD!', '\u{1F98A}', 'b0', 'b!'];

      test('lists in UTF-8 order across folders', async () => {
        const store = await createStore();
        const keys = [...KEYS, ...ODD];
        for (const key of keys) await store.put(key, key);
        const listed = await collect(store.list(''));
        const bytewise = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(listed.map(({ key }) => key)).toEqual(bytewise);
        expect(bytewise).toEqual(keys.toSorted(compareKeys));
        expect(bytewise.indexOf('b-c')).toBeLessThan(bytewise.indexOf('b/x'));
        for (const info of listed) expect(info.etag).toBe((await store.head(info.key))?.etag);
        for (const [i, startAfter] of bytewise.entries()) {
          expect(await keysOf(store.list('', { startAfter }))).toEqual(bytewise.slice(i + 1));
        }
        expect(await keysOf(store.list('', { startAfter: 'b/w' }))).toEqual(
          bytewise.slice(bytewise.indexOf('b/x')),
        );
      });

      test('lists by prefix, which need not end at a folder', async () => {
        const store = await createStore();
        for (const key of KEYS) await store.put(key, key);
        expect(await keysOf(store.list('b/'))).toEqual(['b/x', 'b/y/z']);
        expect(await keysOf(store.list('b'))).toEqual(['b-c', 'b/x', 'b/y/z']);
        expect(await keysOf(store.list('b/y/z'))).toEqual(['b/y/z']);
        expect(await keysOf(store.list('nothing/'))).toEqual([]);
        expect(await keysOf(store.list('b', { startAfter: 'b/x' }))).toEqual(['b/y/z']);
        expect(await keysOf(store.list('b', { startAfter: 'c' }))).toEqual([]);
        expect(await keysOf(store.list('b', { startAfter: '' }))).toEqual(['b-c', 'b/x', 'b/y/z']);
      });

      test('lists an empty store', async () => {
        const store = await createStore();
        expect(await keysOf(store.list(''))).toEqual([]);
        expect(await collect(store.listFolders(''))).toEqual([]);
      });

      test('lists and erases more than a page of 1000', async () => {
        const store = await createStore();
        const keys = times(1105).map((i) => `many/${String(i).padStart(5, '0')}`);
        for (let i = 0; i < keys.length; i += 32) {
          await Promise.all(keys.slice(i, i + 32).map((key) => store.put(key, '')));
        }
        expect(await keysOf(store.list('many/'))).toEqual(keys);
        expect(await keysOf(store.list('many/', { startAfter: keys[99] ?? '' }))).toEqual(keys.slice(100));
        for await (const { key } of store.list('many/')) if (key === keys[3]) break;
        await store.put('more', '');
        await store.eraseAll('many/');
        expect(await keysOf(store.list(''))).toEqual(['more']);
      });

      test('lists the folders that hold objects', async () => {
        const store = await createStore();
        for (const key of ['d/b/1', 'd/b/2/3', 'd/a b/1', 'd/b-c/1', 'd/file', 'd/é/x/y', 'other/1', 'top']) {
          await store.put(key, '');
        }
        expect(await collect(store.listFolders('d/'))).toEqual(['a b', 'b-c', 'b', 'é']);
        expect(await collect(store.listFolders('d/', { startAfter: 'b-c' }))).toEqual(['b', 'é']);
        expect(await collect(store.listFolders('d/', { startAfter: 'b' }))).toEqual(['é']);
        expect(await collect(store.listFolders(''))).toEqual(['d', 'other']);
        await store.delete('d/b-c/1');
        expect(await collect(store.listFolders('d/'))).toEqual(['a b', 'b', 'é']);
        await expect(async () => collect(store.listFolders('d'))).rejects.toMatchObject({
          code: 'key-invalid',
        });
      });
    });

    describe('at the same time', () => {
      test('a reader during overwrites sees one whole version', async () => {
        const store = await createStore();
        const version = (i: number) => new Uint8Array(200_000).fill(i);
        await store.put('a', version(0));
        let writing = true;
        const writer = (async () => {
          for (const i of times(25)) await store.put('a', version(i + 1));
          writing = false;
        })();
        const etags = new Map<number, string>();
        while (writing) {
          const object = await store.get('a');
          const first = object?.body[0] ?? -1;
          expect(object?.body.every((byte) => byte === first)).toBe(true);
          expect(object?.body.length).toBe(200_000);
          expect(etags.get(first) ?? object?.etag).toBe(object?.etag);
          etags.set(first, object?.etag ?? '');
        }
        await writer;
      });

      test(`${WRITERS} writers that create one key leave one winner`, async () => {
        const store = await createStore();
        for (const round of times(5)) {
          const key = `race/${round}`;
          const winners = await race(
            times(WRITERS).map((i) => () => store.put(key, `${i}`, { ifNoneMatch: '*' })),
          );
          expect(winners).toHaveLength(1);
          expect(text((await store.get(key))?.body)).toBe(`${winners[0]}`);
        }
      });

      test(`${WRITERS} writers that swap from one etag leave one winner`, async () => {
        const store = await createStore();
        let { etag } = await store.put('race', 'start');
        for (const round of times(5)) {
          const ifMatch = etag;
          const winners = await race(
            times(WRITERS).map((i) => () => store.put('race', `${round} ${i}`, { ifMatch })),
          );
          expect(winners).toHaveLength(1);
          const object = await store.get('race');
          expect(text(object?.body)).toBe(`${round} ${winners[0]}`);
          etag = object?.etag ?? '';
        }
      });

      test('swaps and overwrites together lose no swap that was told to have won', async () => {
        const store = await createStore();
        const { etag } = await store.put('mixed', 'start');
        const overwrites = times(8).map((i) => async () => store.put('mixed', `overwrite ${i}`));
        const swaps = times(8).map((i) => () => store.put('mixed', `swap ${i}`, { ifMatch: etag }));
        const results = await Promise.allSettled([...overwrites, ...swaps].map((write) => write()));
        expect(results.slice(0, 8).every(({ status }) => status === 'fulfilled')).toBe(true);
        expect(results.slice(8).filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
        expect(text((await store.get('mixed'))?.body)).toMatch(/^(overwrite|swap) \d$/);
      });

      test('creators and deleters in one folder do not trip over each other', async () => {
        const store = await createStore();
        await Promise.all(
          times(8).map(async (i) => {
            for (const round of times(10)) {
              await store.put(`deep/er/and/deeper/${i}`, `${round}`);
              await store.delete(`deep/er/and/deeper/${i}`);
            }
          }),
        );
        expect(await keysOf(store.list(''))).toEqual([]);
      });

      test(`${WRITERS} writers incrementing 10 times each end at ${WRITERS * 10}`, async () => {
        const store = await createStore();
        const counter = { kind: 'counter', version: 1, schema: z.object({ count: z.number().int() }) };
        await createJson(store, 'counter.json', counter, { count: 0 });
        const increment = () =>
          updateJson(store, 'counter.json', counter, ({ count }) => ({ count: count + 1 }), {
            attempts: 200,
          });
        await Promise.all(
          times(WRITERS).map(async () => {
            for (const _ of times(10)) await increment();
          }),
        );
        expect((await readJson(store, 'counter.json', counter))?.value).toEqual({ count: WRITERS * 10 });
      });
    });
  });
}

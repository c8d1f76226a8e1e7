// Random operation sequences give the same results on the filesystem as on the memory driver, the model.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { isFoveaError } from '../../core/errors/errors.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { compareKeys } from '../../core/storage/object-key.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

const root = await mkdtemp(join(tmpdir(), 'fovea-model-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const FOLDERS = ['', 'a/', 'a-b/', 'a/b c/', 'é/🦊/', 'x/\uFB01/'];
/** Files end in a dot and a letter, folders never do, so that no key is the folder of another. */
const FILES = ['1.t', '-.t', 'ünï.t', '🦊.t', '\uFB01.t', '.hidden.t'];
const key = fc.tuple(fc.constantFrom(...FOLDERS), fc.constantFrom(...FILES)).map((parts) => parts.join(''));
const prefix = fc.constantFrom('', 'a', 'a/', 'a/b', 'a-b/-', 'é/', 'x/\uFB01/', 'none/');
const body = fc.uint8Array({ maxLength: 40 });

type Operation =
  | { readonly kind: 'put' | 'create'; readonly key: string; readonly body: Uint8Array }
  /** `age` 0 names the current etag, 1 the one before, and so on. */
  | { readonly kind: 'swap'; readonly key: string; readonly body: Uint8Array; readonly age: number }
  | { readonly kind: 'delete' | 'head'; readonly key: string }
  | { readonly kind: 'get'; readonly key: string; readonly range: { start: number; end: number } | null }
  | { readonly kind: 'list'; readonly prefix: string; readonly startAfter: string }
  | { readonly kind: 'folders'; readonly prefix: string; readonly startAfter: string | null };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('put' as const, 'create' as const), key, body }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('swap' as const), key, body, age: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'head' as const), key }) },
  fc.record({
    kind: fc.constant('get' as const),
    key,
    range: fc.option(fc.record({ start: fc.nat(50), end: fc.nat(50) })),
  }),
  fc.record({
    kind: fc.constant('list' as const),
    prefix,
    startAfter: fc.oneof(key, fc.constant(''), fc.string()),
  }),
  fc.record({
    kind: fc.constant('folders' as const),
    prefix: fc.constantFrom('', 'a/', 'é/', 'x/', 'none/'),
    startAfter: fc.option(fc.constantFrom('a', 'a-b', '🦊', 'z')),
  }),
);

/** One store with the etags it gave out; results hold no etags, which differ between drivers. */
class Subject {
  readonly #store: ObjectStore;
  readonly #etags = new Map<string, string[]>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  async perform(op: Operation): Promise<unknown> {
    try {
      return await this.#perform(op);
    } catch (error) {
      if (!isFoveaError(error)) throw error;
      return error.code;
    }
  }

  async #perform(op: Operation): Promise<unknown> {
    const store = this.#store;
    switch (op.kind) {
      case 'put':
      case 'create':
      case 'swap': {
        const etags = this.#etags.get(op.key) ?? [];
        const ifMatch = op.kind === 'swap' ? { ifMatch: etags.at(-1 - op.age) ?? '"none"' } : {};
        const condition = op.kind === 'create' ? ({ ifNoneMatch: '*' } as const) : ifMatch;
        const info = await store.put(op.key, op.body, condition);
        expect(etags).not.toContain(info.etag);
        this.#etags.set(op.key, [...etags, info.etag]);
        return info.sizeBytes;
      }
      case 'delete':
        return store.delete(op.key);
      case 'head':
        return this.#describe(await store.head(op.key));
      case 'get': {
        const object = await store.get(op.key, op.range === null ? {} : { range: op.range });
        return object && [this.#describe(object), [...object.body]];
      }
      case 'list': {
        const found: unknown[] = [];
        for await (const info of store.list(op.prefix, { startAfter: op.startAfter }))
          found.push(this.#describe(info));
        return found;
      }
      case 'folders': {
        const options = op.startAfter === null ? {} : { startAfter: op.startAfter };
        const found: string[] = [];
        for await (const name of store.listFolders(op.prefix, options)) found.push(name);
        return found;
      }
    }
  }

  /** Which write of its key an object is of, in place of its etag. */
  #describe(info: { key: string; sizeBytes: number; etag: string } | undefined): unknown {
    return info && [info.key, info.sizeBytes, this.#etags.get(info.key)?.indexOf(info.etag)];
  }
}

test('the filesystem driver gives what the memory driver gives', async () => {
  // fast-check's own preference for short sequences would leave most stores empty.
  const operations = fc.array(operation, { minLength: 20, maxLength: 60, size: 'max' });
  const everything: Operation = { kind: 'list', prefix: '', startAfter: '' };
  await fc.assert(
    fc.asyncProperty(operations, async (ops) => {
      const memory = new Subject(createMemoryStore());
      const files = new Subject(createFilesystemStore({ root: join(root, randomUUID()) }));
      for (const op of [...ops, everything])
        expect(await files.perform(op)).toEqual(await memory.perform(op));
    }),
    { numRuns: 60 },
  );
});

test('keys are ordered as their UTF-8 bytes are', () => {
  const wellFormed = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(wellFormed, wellFormed, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
    { numRuns: 2000 },
  );
});

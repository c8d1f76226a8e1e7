// A store that fails: calls that break before or after they are done, cut bodies, slow answers. Seeded.

import { setTimeout as sleep } from 'node:timers/promises';
import { FoveaError } from '../../core/errors/errors.ts';
import { uniformAt } from '../../core/random.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

export interface FaultOptions {
  /** Share of the calls that fail in one of the ways. */
  readonly rate: number;
  readonly seed: number;
  /** Longest delay of a slow answer. */
  readonly slowMs?: number;
}

export interface FaultyStore extends ObjectStore {
  readonly faults: () => number;
}

const unavailable = (key: string) =>
  new FoveaError('storage-unavailable', `Could not reach "${key}" (a fault that was asked for).`);

export function createFaultyStore(
  store: ObjectStore,
  { rate, seed, slowMs = 50 }: FaultOptions,
): FaultyStore {
  let calls = 0;
  let faults = 0;
  const draw = () => uniformAt(seed, calls++);
  const fails = () => {
    const isFault = draw() < rate;
    if (isFault) faults += 1;
    return isFault;
  };

  async function call<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (!fails()) return work();
    const kind = draw();
    if (kind < 0.4) throw unavailable(key);
    if (kind < 0.7) await sleep(slowMs * draw());
    const done = await work();
    // Done, but nobody is told.
    if (kind >= 0.7) throw unavailable(key);
    return done;
  }

  async function* listing<T>(prefix: string, items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      if (draw() < rate / 10) {
        faults += 1;
        throw unavailable(prefix);
      }
      yield item;
    }
  }

  return {
    url: store.url,
    faults: () => faults,
    async get(key, options) {
      const object = await call(key, () => store.get(key, options));
      if (object === undefined || !fails()) return object;
      return { ...object, body: object.body.subarray(0, Math.floor(object.body.length * draw())) };
    },
    head: (key, options) => call(key, () => store.head(key, options)),
    put: (key, body, options) => call(key, () => store.put(key, body, options)),
    delete: (key, options) => call(key, () => store.delete(key, options)),
    erase: (key, options) => call(key, () => store.erase(key, options)),
    eraseAll: (prefix, options) => call(prefix, () => store.eraseAll(prefix, options)),
    list: (prefix, options) => listing(prefix, store.list(prefix, options)),
    listFolders: (prefix, options) => listing(prefix, store.listFolders(prefix, options)),
  };
}

// A store whose process dies: after so many writes nothing is written any more.

import type { ObjectStore } from '../../core/storage/object-store.ts';

/** @param writes that are still done; an erasure is one. */
export function dyingStore(
  store: ObjectStore,
  writes: number,
): { readonly dies: ObjectStore; readonly died: () => boolean } {
  let left = writes;
  const write = <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1;
    return left < 0 ? Promise.reject(new Error('The process died.')) : work();
  };
  const dies: ObjectStore = {
    ...store,
    put: (...given) => write(() => store.put(...given)),
    delete: (...given) => write(() => store.delete(...given)),
    erase: (...given) => write(() => store.erase(...given)),
    eraseAll: (...given) => write(() => store.eraseAll(...given)),
  };
  return { dies, died: () => left < 0 };
}

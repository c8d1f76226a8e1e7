// A queue that serves its branches in turn: of several keys one after another, and within a key of several models. Knows nothing of what waits.

/** Items that wait, each at the end of a path, e.g. `[key, model, request]`. */
export interface FairQueue<T> {
  readonly size: number;
  /** Adds an item behind those of the same path. All paths of one queue have the same number of names, at least one. */
  push(path: readonly string[], item: T): void;
  /**
   * Removes and gives the next item: names that share a beginning of their paths take turns, at each place of the path, and
   * items of one path come first in, first out.
   */
  take(): T | undefined;
  /** Removes an item that waits; false where it does not. */
  remove(path: readonly string[], item: T): boolean;
}

/** The next name of a path, to what waits there. A map keeps its order, and whoever was served goes to its end. */
type Branches<T> = Map<string, Branches<T> | T[]>;

/** Makes an empty queue. */
export function createFairQueue<T>(): FairQueue<T> {
  const root: Branches<T> = new Map();
  let size = 0;

  function takeFrom(branches: Branches<T>): T | undefined {
    for (const [name, below] of branches) {
      const isLeaf = Array.isArray(below);
      const item = isLeaf ? below.shift() : takeFrom(below);
      branches.delete(name);
      if ((isLeaf ? below.length : below.size) > 0) branches.set(name, below);
      return item;
    }
    return undefined;
  }

  function removeFrom(branches: Branches<T>, [name = '', ...rest]: readonly string[], item: T): boolean {
    const below = branches.get(name);
    if (below === undefined) return false;
    if (!Array.isArray(below)) {
      const isRemoved = removeFrom(below, rest, item);
      if (below.size === 0) branches.delete(name);
      return isRemoved;
    }
    const place = below.indexOf(item);
    if (place === -1) return false;
    below.splice(place, 1);
    if (below.length === 0) branches.delete(name);
    return true;
  }

  return {
    get size() {
      return size;
    },
    push(path, item) {
      let branches = root;
      for (const name of path.slice(0, -1)) {
        const below = (branches.get(name) ?? new Map()) as Branches<T>;
        branches.set(name, below);
        branches = below;
      }
      const last = path.at(-1) ?? '';
      const items = (branches.get(last) ?? []) as T[];
      branches.set(last, items);
      items.push(item);
      size += 1;
    },
    take() {
      if (size === 0) return undefined;
      size -= 1;
      return takeFrom(root);
    },
    remove(path, item) {
      const isRemoved = removeFrom(root, path, item);
      if (isRemoved) size -= 1;
      return isRemoved;
    },
  };
}

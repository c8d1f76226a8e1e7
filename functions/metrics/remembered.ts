// Remembers for a while what is slow to find out.

/**
 * A function that gives what `find` found, for at most `ageMs`. Calls at the same time share one, and a failure is remembered, too.
 * @param clock monotonic milliseconds.
 */
export function remembered<T>(find: () => Promise<T>, ageMs: number, clock: () => number): () => Promise<T> {
  let found: { readonly value: Promise<T>; readonly atMs: number } | undefined;
  return () => {
    if (found === undefined || clock() - found.atMs >= ageMs) {
      found = { value: find(), atMs: clock() };
    }
    return found.value;
  };
}

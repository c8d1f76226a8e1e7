// Takes one page of a listing, or of the items in it that fit.

/**
 * Takes the first items of a listing, and tells whether there are more. Lists no further than one item past the page.
 * @param limit number of items, at least 1.
 */
export async function takePage<T>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
): Promise<{ readonly items: readonly T[]; readonly hasMore: boolean }> {
  const page: T[] = [];
  for await (const item of items) {
    if (page.length === limit) return { items: page, hasMore: true };
    page.push(item);
  }
  return { items: page, hasMore: false };
}

/** The items of a listing that fit. */
export async function* takeIf<T>(items: AsyncIterable<T>, fits: (item: T) => boolean): AsyncGenerator<T> {
  for await (const item of items) if (fits(item)) yield item;
}

// Lists of the API, page by page.

import type { CallOptions, Query, Transport } from './transport.ts';

/** One page of a list. */
export interface Page<T> {
  readonly object: 'list';
  readonly data: readonly T[];
  readonly has_more: boolean;
}

/** How a list is read. */
export interface ListOptions extends CallOptions {
  /** Entries of each request at most. Default: 100. */
  readonly pageSize?: number | undefined;
}

const DEFAULT_PAGE_SIZE = 100;

/**
 * All entries of a list; each page is asked for when it is reached.
 * @param idOf what `after` names an entry by.
 */
export async function* entries<T>(
  { ask }: Transport,
  path: string,
  idOf: (entry: T) => string,
  { pageSize = DEFAULT_PAGE_SIZE, signal, query = {} }: ListOptions & { readonly query?: Query } = {},
): AsyncGenerator<T, void, undefined> {
  let after: string | undefined;
  for (;;) {
    const page: Page<T> = await ask('list', 'GET', path, {
      query: { ...query, limit: pageSize, after },
      signal,
    });
    yield* page.data;
    const last = page.data.at(-1);
    if (!page.has_more || last === undefined) return;
    after = idOf(last);
  }
}

/** Collects what an iterator gives, e.g. `await all(client.models.list())`. */
export async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const entry of from) found.push(entry);
  return found;
}

/** The first entries of a list, which asks for no further page than they need. @param most 1 or more. */
export async function take<T>(from: AsyncIterable<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const entry of from) if (taken.push(entry) === most) break;
  return taken;
}

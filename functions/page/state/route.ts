// The address of the view: everything behind the "#". The server sees none of it.

import { signal } from '@preact/signals';

/** A view, and what it shows. */
export interface Route {
  /** The parts of the path, decoded. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

function readRoute(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const decode = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  return { path: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

/** The view that is shown. */
export const route = signal(readRoute());
addEventListener('hashchange', () => {
  route.value = readRoute();
});

/** The address of a view. */
export function toHash(path: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

/** Shows another view. */
export function goTo(path: readonly string[], query: Readonly<Record<string, string>> = {}): void {
  location.hash = toHash(path, query);
}

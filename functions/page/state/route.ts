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

/** What the address says beside the path now, which a view may have changed since it was opened. */
export const readQuery = (): URLSearchParams => readRoute().query;

/** Keeps what is chosen in the address of the view, for a way back and a reload. It is no step of its own. */
export const keepInAddress = (query: Readonly<Record<string, string>>): void =>
  history.replaceState(history.state, '', toHash(readRoute().path, query));

/** What was kept with this step of the history; undefined where nothing was. */
export const keptInHistory = (): unknown => (history.state as { readonly kept?: unknown } | null)?.kept;

/** Keeps with this step of the history what is too long for an address. @param kept is cloned. */
export const keepInHistory = (kept: unknown): void => history.replaceState({ kept }, '');

/** Shows another view. */
export function goTo(path: readonly string[], query: Readonly<Record<string, string>> = {}): void {
  location.hash = toHash(path, query);
}

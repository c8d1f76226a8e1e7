// How messages show an address. Opens nothing.

/** A URL for messages, without what may be a secret: credentials, query, fragment. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  for (const secret of ['username', 'password', 'search', 'hash'] as const) shown[secret] = '';
  return shown.href;
}

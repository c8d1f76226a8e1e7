// What operating systems and notebooks leave in folders.

const HIDDEN_NAMES: ReadonlySet<string> = new Set([
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '__macosx',
  '@eadir',
]);

/** Names that start with a dot among them. */
export const isHiddenName = (name: string): boolean =>
  name.startsWith('.') || HIDDEN_NAMES.has(name.toLowerCase());

// Names of files that operating systems and notebooks leave in folders.

const HIDDEN_NAMES: ReadonlySet<string> = new Set([
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '__macosx',
  '@eadir',
]);

/** Whether a name is that of a hidden or system file; names that start with a dot are. */
export const isHiddenName = (name: string): boolean =>
  name.startsWith('.') || HIDDEN_NAMES.has(name.toLowerCase());

/** The folder of the bundle, from the repository's root. */
export const BUNDLE_FOLDER: string;
/** The file that names the sources of the bundle, and when each was changed. */
export const SOURCES_FILE: string;
/** The bundle's entry; undefined where there is none, or a source has changed since. */
export function findBundle(root?: URL): URL | undefined;

// How messages show an address. Opens nothing.

/** A URL for messages, without what may be a secret: credentials, query, fragment. */
export const shownUrl = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

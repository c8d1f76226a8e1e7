// Names of classes as people read them.

/** A class's name without case, and with its letters encoded in one way: classes whose folded names are equal look the same. */
export const foldName = (label: string): string => label.normalize('NFKC').trim().toLowerCase();

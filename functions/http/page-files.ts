// Reads the files that pages are made of, beside their scripts. Knows no page.

import { readBothForms, readStoredFile, type StoredFile, toBothForms } from '../../core/stored-file.ts';
import { BASE_STYLE } from '../../core/style/base-style.ts';

const placeOf = (name: string) => new URL(`../page/${name}`, import.meta.url);

/** A file of `functions/page`. @throws {Error} `ENOENT` where it is missing. */
export const readPageFile = (name: string): Promise<StoredFile> => readBothForms(placeOf(name));

/** A style sheet of `functions/page`, behind the one that all pages begin with. @throws {Error} `ENOENT` where one is missing. */
export async function readPageStyle(name: string): Promise<StoredFile> {
  const [base, own] = await Promise.all([readStoredFile(BASE_STYLE), readStoredFile(placeOf(name))]);
  return toBothForms(Uint8Array.from([...base, ...own]));
}

// Opens temporary files for what people send: no other user can read them, and they are gone with the process, however it ends.

import { mkdtempSync, openSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a file without a name. Closing it deletes it.
 *
 * @param directory an existing folder with room for it, e.g. the system's temporary folder.
 * @returns a descriptor to read and write by, which the caller closes.
 * @throws what the file system throws.
 */
export function openNameless(directory: string): number {
  const folder = mkdtempSync(path.join(directory, 'fovea-'));
  try {
    return openSync(path.join(folder, 'content'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

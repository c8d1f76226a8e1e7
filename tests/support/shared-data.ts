// Files for development that lie beside the checkout and are not part of it. Tests that need them say so when absent.

import { existsSync } from 'node:fs';
import path from 'node:path';

export const SHARED_DATA = path.resolve(import.meta.dirname, '../../../shared/data');

/** Whether a file or folder of the shared data is there; prints why a test is skipped where it is not. */
export function hasSharedData(...segments: readonly string[]): boolean {
  const location = path.join(SHARED_DATA, ...segments);
  const there = existsSync(location);
  if (!there)
    console.warn(`skipped: there is no ${segments.join('/')} in the development data beside the checkout`);
  return there;
}

// Where set-up puts a native back end, and where it is looked for.

import path from 'node:path';
import type { NativeVariant } from '../addon/addon.ts';
import { TENSORFLOW_VERSION } from './wheels.ts';

/** Where a variant is set up under a cache folder. */
export const nativeDirectory = (cacheDirectory: string, variant: NativeVariant): string =>
  path.join(
    cacheDirectory,
    'tensorflow',
    `${variant}-${TENSORFLOW_VERSION}-${process.platform}-${process.arch}`,
  );

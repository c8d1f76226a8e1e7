// Decides which licenses a package that reaches users may have, and why. No other file decides that.

import { createHash } from 'node:crypto';
import type { LockedPackage } from './production-packages.ts';

/** SPDX identifiers, and what makes each one fit an Apache-2.0 project whose users pass images and functions on. */
export const ALLOWED_LICENSES: Readonly<Record<string, string>> = {
  '0BSD': 'asks for nothing',
  'Apache-2.0': 'the license of Fovea itself; asks for its text and the NOTICE',
  'BSD-2-Clause': 'asks for its text',
  'BSD-3-Clause': 'asks for its text, and that no names advertise',
  'BlueOak-1.0.0': 'asks for its text or a link to it',
  ISC: 'asks for its text',
  'LGPL-3.0':
    'only of libraries that a user can replace: libheif (with libde265) is two files of its own, unchanged and loaded at run time',
  'LGPL-3.0-or-later':
    'only of shared libraries that a user can replace: libvips is a file of its own, unchanged and loaded at run time',
  MIT: 'asks for its text',
  'MIT-0': 'asks for nothing',
  NIST: 'public service of a US agency; asks for its text and an acknowledgement',
};

/** Packages whose license has no SPDX identifier: the file that a person read, its hash, and the licenses that it contains. */
export const REVIEWED_LICENSES: Readonly<
  Record<string, { readonly file: string; readonly sha256: string; readonly licenses: readonly string[] }>
> = {
  // NIST's statement for the package, and HDF5's BSD license for the library that is compiled into it.
  h5wasm: {
    file: 'LICENSE.txt',
    sha256: 'f3ba6b8afe2a0d6f482f29a46672f88668ae02b16dfc4a2e878fd50a4f34fa6a',
    licenses: ['NIST', 'BSD-3-Clause'],
  },
};

/**
 * The licenses that apply to a package, all of them allowed. Where the author leaves a choice, the first allowed one is taken.
 *
 * @throws {Error} Naming the package and what it declares, where one is not allowed.
 */
export function licensesOf({ name, version, license }: LockedPackage): readonly string[] {
  const reviewed = REVIEWED_LICENSES[name];
  if (reviewed !== undefined) return reviewed.licenses;
  const all = license.replace(/^\((.*)\)$/, '$1').split(' AND ');
  return all.map((choice) => {
    const allowed = choice.split(' OR ').find((id) => Object.hasOwn(ALLOWED_LICENSES, id));
    if (allowed !== undefined) return allowed;
    throw new Error(
      `${name}@${version} has the license "${license}", of which "${choice}" is not allowed. ` +
        'Take another package, or add the license and the reason to scripts/notices/allowed-licenses.ts.',
    );
  });
}

/**
 * Checks that the license file of a reviewed package is the one that was read; skips all other files.
 *
 * @throws {Error} Where it is another.
 */
export function assertReviewed(name: string, file: string, text: Uint8Array): void {
  const reviewed = REVIEWED_LICENSES[name];
  if (reviewed === undefined || reviewed.file !== file) return;
  const sha256 = createHash('sha256').update(text).digest('hex');
  if (sha256 === reviewed.sha256) return;
  throw new Error(
    `${file} of ${name} has changed: its sha256 is ${sha256}, not ${reviewed.sha256}. ` +
      'Read it, then change scripts/notices/allowed-licenses.ts.',
  );
}

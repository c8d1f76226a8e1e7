// Finds the texts of licenses and notices that a package brings, or standard texts for those that it lacks. The folder
// LICENSES has texts that npm does not bring.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { assertReviewed, licensesOf } from './allowed-licenses.ts';
import type { LockedPackage } from './production-packages.ts';

const NOTICE_FILE = /^(licen[cs]e|copying|notice|third-?party)|\.licen[cs]e\.txt$/i;

/** The packages whose binaries have others' code in them, and the file of LICENSES that lists it. */
const CONTENTS: readonly { readonly packages: RegExp; readonly file: (version: string) => string }[] = [
  { packages: /^onnxruntime-node$/, file: (version) => `onnxruntime-node@${version}.txt` },
  { packages: /^@img\/sharp-libvips-/, file: (version) => `sharp-libvips@${version}.md` },
  { packages: /^libheif-js$/, file: (version) => `libheif-js@${version}.txt` },
];

/** Where to find the texts of licences that packages name without bringing them. */
const STANDARD_FILES: Readonly<Record<string, readonly string[]>> = {
  'Apache-2.0': ['LICENSE'],
  'LGPL-3.0-or-later': ['LICENSES/LGPL-3.0.txt', 'LICENSES/GPL-3.0.txt'],
  MIT: ['LICENSES/MIT.txt'],
  'MIT-0': ['LICENSES/MIT-0.txt'],
};

/**
 * The file of LICENSES that lists the code inside of a package's binaries, if it has such.
 *
 * @throws {Error} Where it is not there for this version.
 */
export function contentsFile(repository: string, { name, version }: LockedPackage): string | undefined {
  const file = CONTENTS.find(({ packages }) => packages.test(name))?.file(version);
  if (file === undefined) return undefined;
  const relative = `LICENSES/${file}`;
  if (existsSync(path.join(repository, relative))) return relative;
  throw new Error(
    `${relative} is missing: it lists the code inside of the binaries of ${name}@${version}. See LICENSES/README.md.`,
  );
}

/**
 * The texts that a package comes with; where it brings none, those of its licences in general.
 * For optional packages always the latter, because they are not installed everywhere.
 *
 * @throws {Error} Where there is no text at all.
 */
export async function licenseTexts(repository: string, locked: LockedPackage): Promise<string[]> {
  const folder = path.join(repository, locked.path);
  const files = locked.isOptional ? [] : (await readdir(folder)).filter((file) => NOTICE_FILE.test(file));
  if (files.length > 0) {
    return Promise.all(
      files.sort().map(async (file) => {
        const bytes = await readFile(path.join(folder, file));
        assertReviewed(locked.name, file, bytes);
        return normalize(bytes.toString('utf8'));
      }),
    );
  }
  const standard = licensesOf(locked).map((license) => {
    const texts = STANDARD_FILES[license];
    if (texts !== undefined) return texts;
    throw new Error(
      `${locked.name}@${locked.version} brings no license text, and there is none for ${license}: add it to ` +
        'LICENSES and to scripts/notices/license-texts.ts.',
    );
  });
  return Promise.all(
    standard.flat().map(async (file) => normalize(await readFile(path.join(repository, file), 'utf8'))),
  );
}

const normalize = (text: string) =>
  text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();

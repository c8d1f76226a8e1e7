import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunction } from '../../../scripts/build-function/bundle-function.ts';
import { writeFunctionNotices } from '../../../scripts/build-function/function-notices.ts';
import { assertReviewed, licensesOf, REVIEWED_LICENSES } from '../../../scripts/notices/allowed-licenses.ts';
import { contentsFile, licenseTexts } from '../../../scripts/notices/license-texts.ts';
import { type LockedPackage, productionPackages } from '../../../scripts/notices/production-packages.ts';
import { renderNotices } from '../../../scripts/notices/render-notices.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const locked = productionPackages(JSON.parse(read('package-lock.json')));
const lockedOf = (name: string) => locked.find((entry) => entry.name === name) as LockedPackage;
const libvips = ['x64', 'arm64']
  .map((cpu) => `node_modules/@img/sharp-libvips-linux-${cpu}`)
  .find((folder) => existsSync(path.join(root, folder)));
const planted = (entry: Partial<LockedPackage>): LockedPackage => ({
  path: 'node_modules/planted',
  name: 'planted',
  version: '1.0.0',
  license: 'MIT',
  isOptional: false,
  ...entry,
});

describe('THIRD-PARTY-NOTICES.md', () => {
  it('is what npm run notices writes', async () => {
    expect(await renderNotices(root)).toBe(read('THIRD-PARTY-NOTICES.md'));
  });

  it.each(['package-lock.json', 'batch-job/native/package-lock.json'])(
    'names every production package of %s with its version',
    (lockfile) => {
      const notices = read('THIRD-PARTY-NOTICES.md');
      const missing = productionPackages(JSON.parse(read(lockfile))).filter(
        ({ name, version }) => !notices.includes(`\n| ${name} | ${version} | `),
      );
      expect(missing).toEqual([]);
    },
  );

  it('has a text for every production package', () => {
    const users = new Set(
      [...read('THIRD-PARTY-NOTICES.md').matchAll(/^### (.*)$/gm)].flatMap(([, names = '']) =>
        names.split(', '),
      ),
    );
    expect(locked.map(({ name, version }) => `${name}@${version}`).filter((id) => !users.has(id))).toEqual(
      [],
    );
  });

  it.skipIf(libvips === undefined)(
    'lists the libraries inside of libvips (on Linux, where it is installed)',
    () => {
      const listed = read(contentsFile(root, lockedOf('@img/sharp-libvips-linux-x64')) ?? '');
      expect(read(`${libvips}/README.md`)).toContain(listed.trim());
    },
  );
});

describe('a package', () => {
  it('is refused with a license that is not allowed', () => {
    const evil = productionPackages({
      packages: { '': {}, 'node_modules/evil': { version: '2.0.0', license: 'AGPL-3.0-only' } },
    });
    expect(() => evil.map(licensesOf)).toThrow(/evil@2\.0\.0 has the license "AGPL-3\.0-only"/);
  });

  it.each(['', 'MIT AND GPL-2.0-only', 'SEE LICENSE IN LICENSE.txt', 'toString'])(
    'is refused with "%s"',
    (license) => {
      expect(() => licensesOf(planted({ license }))).toThrow(/is not allowed/);
    },
  );

  it('of which a license may be chosen has the allowed one', () => {
    expect(licensesOf(planted({ license: '(GPL-2.0-only OR MIT)' }))).toEqual(['MIT']);
    expect(licensesOf(planted({ license: '(BSD-3-Clause AND Apache-2.0)' }))).toEqual([
      'BSD-3-Clause',
      'Apache-2.0',
    ]);
  });

  it('of development alone is not looked at', () => {
    const packages = {
      '': {},
      'node_modules/tool': { version: '1.0.0', license: 'AGPL-3.0-only', dev: true },
    };
    expect(productionPackages({ packages })).toEqual([]);
  });

  it('is refused where the license that was read has changed', () => {
    for (const [name, { file, sha256 }] of Object.entries(REVIEWED_LICENSES)) {
      const text = readFileSync(path.join(root, 'node_modules', name, file));
      expect(createHash('sha256').update(text).digest('hex')).toBe(sha256);
      expect(() => assertReviewed(name, file, Buffer.concat([text, Buffer.from('!')]))).toThrow(
        /has changed/,
      );
    }
  });

  it('without a license text is refused where there is none for its license', async () => {
    const bare = planted({ license: 'ISC', isOptional: true });
    await expect(licenseTexts(root, bare)).rejects.toThrow(/brings no license text/);
  });

  it('of binaries is refused without the list of what is in them', () => {
    const newer = { ...lockedOf('onnxruntime-node'), version: '99.0.0' };
    expect(() => contentsFile(root, newer)).toThrow(/LICENSES\/onnxruntime-node@99\.0\.0\.txt is missing/);
  });
});

describe('the notices of a function', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'fovea-notices-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('have the packages in its bundle, and no others', async () => {
    const bundled = await bundleFunction({ repository: root, entry: 'functions/batch-events.ts', folder });
    expect(bundled).toContain('node_modules/zod');
    expect(bundled).toContain('node_modules/@aws-sdk/client-batch');
    expect(bundled).not.toContain('node_modules/h5wasm');
    await writeFunctionNotices(root, folder, new Set([...bundled, 'node_modules/onnxruntime-node']));
    const notices = readFileSync(path.join(folder, 'THIRD-PARTY-NOTICES.md'), 'utf8');
    expect(notices).toContain('| zod | ');
    expect(notices).toContain('Copyright (c) 2025 Colin McDonnell');
    expect(notices).not.toContain('h5wasm');
    const contents = contentsFile(root, lockedOf('onnxruntime-node'));
    expect(readFileSync(path.join(folder, `${contents}.gz`)).length).toBeGreaterThan(1000);
    expect(readFileSync(path.join(folder, 'LICENSE'), 'utf8')).toBe(read('LICENSE'));
  });

  it('cannot be written for a package that the lock file does not have', async () => {
    await expect(writeFunctionNotices(root, folder, new Set(['node_modules/planted']))).rejects.toThrow(
      /has "node_modules\/planted", which is no production package/,
    );
  });
});

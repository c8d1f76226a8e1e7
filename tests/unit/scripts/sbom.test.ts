import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { productionPackages } from '../../../scripts/notices/production-packages.ts';

const root = path.resolve(import.meta.dirname, '../../..');

interface Bom {
  readonly metadata: { readonly component: { readonly name: string; readonly type: string } };
  readonly components: readonly { readonly purl: string }[];
}

const purl = (name: string, version: string) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

describe('npm run sbom', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(path.join(os.tmpdir(), 'fovea-sbom-'));
    const env = { ...process.env, npm_config_registry: 'http://127.0.0.1:9/', npm_config_offline: 'true' };
    execFileSync('node', ['--import', 'tsx', 'scripts/sbom.ts', '--out', out], { cwd: root, env });
  });
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it.each([
    ['fovea', 'package-lock.json'],
    ['fovea-native', 'batch-job/native/package-lock.json'],
  ])('without a network, names exactly the production packages of %s', (name, lockfile) => {
    const bom: Bom = JSON.parse(readFileSync(path.join(out, `${name}-0.1.0.cdx.json`), 'utf8'));
    const locked = productionPackages(JSON.parse(readFileSync(path.join(root, lockfile), 'utf8')));
    expect(bom.metadata.component).toMatchObject({ name, type: 'application' });
    expect(new Set(bom.components.map((component) => component.purl))).toEqual(
      new Set(locked.map((entry) => purl(entry.name, entry.version))),
    );
  });
});

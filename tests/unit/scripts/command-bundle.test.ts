import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUNDLE_FOLDER, findBundle, SOURCES_FILE } from '../../../scripts/command-bundle.mjs';

describe('the bundle of the command', () => {
  let root: string;
  const source = () => path.join(root, 'main.ts');
  const find = () => findBundle(pathToFileURL(`${root}/`));
  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'fovea-bundle-'));
    await writeFile(source(), '');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function writeBundle(): Promise<void> {
    const folder = path.join(root, BUNDLE_FOLDER);
    await mkdir(folder, { recursive: true });
    const { mtimeMs } = await stat(source());
    await writeFile(path.join(folder, SOURCES_FILE), JSON.stringify({ 'main.ts': mtimeMs }));
  }

  it('is not there before it is built', () => {
    expect(find()).toBeUndefined();
  });

  it('is used while the sources are those of which it was made', async () => {
    await writeBundle();
    expect(find()?.href).toBe(pathToFileURL(path.join(root, BUNDLE_FOLDER, 'main.mjs')).href);
    await utimes(source(), 1, 1);
    expect(find()).toBeUndefined();
  });

  it('is not used where a source is gone', async () => {
    await writeBundle();
    await rm(source());
    expect(find()).toBeUndefined();
  });
});

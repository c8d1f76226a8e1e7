import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeApiKey } from '../../../functions/make-api-key.ts';
import { welcome } from '../../../functions/welcome.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fovea-key-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('makes a key once, which its owner alone may read', async () => {
  const file = path.join(folder, 'keys.json');
  const { keys, isNew } = await makeApiKey(file);
  expect(isNew).toBe(true);
  expect(keys['default']).toMatch(/^fovea-[\w-]{32}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await makeApiKey(file)).toEqual({ keys, isNew: false });
});

it('gives all that start at once the same key, and one of them the news', async () => {
  const file = path.join(folder, 'keys.json');
  const made = await Promise.all(Array.from({ length: 16 }, () => makeApiKey(file)));
  expect(new Set(made.map(({ keys }) => keys['default'])).size).toBe(1);
  expect(made.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['keys.json']);
});

it('rejects a file that is none of its own, and leaves it', async () => {
  const file = path.join(folder, 'keys.json');
  await writeFile(file, '{}x');
  await expect(makeApiKey(file)).rejects.toMatchObject({
    code: 'api-keys-invalid',
    message: expect.stringContaining(file),
  });
  expect(await readFile(file, 'utf8')).toBe('{}x');
});

it('says the key at the first start alone', () => {
  const options = {
    version: '1',
    url: 'http://127.0.0.1:8787',
    storeUrl: 's3://fovea',
    s3Endpoint: 'http://127.0.0.1:9000',
  };
  expect(welcome({ ...options, newKey: 'fovea-abc' })).toContain('fovea-abc  (this log shows it once)');
  expect(welcome({ ...options, newKey: undefined })).toContain('the one of the first start');
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readApiKeys } from '../../../cli/server/read-api-keys.ts';

const KEY = 'a-key-of-sixteen-characters';
const folder = mkdtempSync(path.join(tmpdir(), 'fovea-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(content: string): string {
  const file = path.join(folder, 'keys.json');
  writeFileSync(file, content);
  return file;
}

describe('readApiKeys', () => {
  it('takes keys from a file, one from the environment, or both', async () => {
    const file = fileWith(JSON.stringify({ me: KEY }));
    expect(await readApiKeys(file, undefined)).toEqual({ me: KEY });
    expect(await readApiKeys(undefined, KEY)).toEqual({ default: KEY });
    expect(await readApiKeys(file, KEY)).toEqual({ default: KEY, me: KEY });
  });

  it('gives none where none are given', async () => {
    expect(await readApiKeys(undefined, undefined)).toBeUndefined();
    expect(await readApiKeys(undefined, '')).toBeUndefined();
  });

  it.each([
    ['no JSON', `${KEY} is my key`],
    ['a list', JSON.stringify([KEY])],
    ['no key', '{}'],
    ['a short key', JSON.stringify({ me: 'secret' })],
    ['a key with white space', JSON.stringify({ me: `${KEY} ` })],
    ['a key that no header holds', JSON.stringify({ me: `${KEY}é` })],
    ['a key that is no text', '{"me":1234567890123456}'],
  ])('rejects a file with %s, and repeats no key', async (_, content) => {
    const reading = readApiKeys(fileWith(content), undefined);
    await expect(reading).rejects.toMatchObject({ code: 'api-keys-invalid' });
    await expect(reading).rejects.not.toThrow(new RegExp(`${KEY}|"secret"|1234567890123456`));
  });

  it('rejects a missing file, and a short key from the environment', async () => {
    await expect(readApiKeys(path.join(folder, 'none.json'), undefined)).rejects.toThrow(
      /none\.json.*ENOENT/s,
    );
    await expect(readApiKeys(undefined, 'secret')).rejects.toThrow(
      /^FOVEA_API_KEY cannot be used: a key must have 16 characters or more\. Set it to one key/,
    );
  });
});

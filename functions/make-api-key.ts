// Keeps the API key of an installation that has nobody to give it one: made at the first start, the same ever after.

import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { FoveaError } from '../core/errors/errors.ts';

const KEY_BYTES = 24;
const KeysSchema = z.record(z.string(), z.string().min(1));

/** API keys by their names, and whether this call made them. */
export interface KeptKeys {
  readonly keys: Readonly<Record<string, string>>;
  readonly isNew: boolean;
}

/**
 * Reads the keys in a file, which has one key, `default`, where it was missing. Only the file's owner may read it. Processes that start
 * at once, or are killed on the way, agree on one key.
 * @throws {FoveaError} `api-keys-invalid` where its content is none of ours; what reading or writing the file throws.
 */
export async function makeApiKey(file: string): Promise<KeptKeys> {
  const kept = await readKeys(file);
  if (kept !== undefined) return { keys: kept, isNew: false };
  const keys = { default: `fovea-${randomBytes(KEY_BYTES).toString('base64url')}` };
  const partial = `${file}.${randomBytes(8).toString('hex')}`;
  await writeFile(partial, `${JSON.stringify(keys)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    // Unlike a rename, a link replaces nothing.
    await link(partial, file);
    return { keys, isNew: true };
  } catch (error) {
    const other = await readKeys(file);
    if (other === undefined) throw error;
    return { keys: other, isNew: false };
  } finally {
    await rm(partial, { force: true });
  }
}

async function readKeys(file: string): Promise<Readonly<Record<string, string>> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return KeysSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new FoveaError(
      'api-keys-invalid',
      `The file of API keys "${file}" is damaged: it must be a JSON object like {"default": "KEY"}. Mend it, or remove it, and a start ` +
        'makes a new key.',
      { cause },
    );
  }
}

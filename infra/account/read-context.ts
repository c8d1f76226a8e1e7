// Reads the context that a synthesis would have: what the CDK's command line reads, in its order.

import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** The context of the CDK: settings and its own keys. */
export type Context = Readonly<Record<string, unknown>>;

/**
 * Reads the context: what is given after `-c` before cdk.json, before cdk.context.json, before the user's own file.
 * @param given `key=value`, as after `-c`.
 */
export async function readContext(folder: string, given: readonly string[]): Promise<Context> {
  const contextOf = (file: Context) => (isObject(file['context']) ? file['context'] : {});
  return {
    ...contextOf(await readJson(path.join(os.homedir(), '.cdk.json'))),
    ...(await readJson(path.join(folder, 'cdk.context.json'))),
    ...contextOf(await readJson(path.join(folder, 'cdk.json'))),
    ...Object.fromEntries(given.map(toEntry)),
  };
}

function toEntry(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

async function readJson(file: string): Promise<Context> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : {};
}

const isObject = (value: unknown): value is Context => typeof value === 'object' && value !== null;

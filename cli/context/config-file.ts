// The file in which the command keeps contexts: servers by name, each with its URL and, where it has one, its key. It is readable by its owner
// alone.

import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeFolder } from '../../core/make-folder.ts';
import { shownCommand } from '../../core/shown-command.ts';

/** A server that was given a name. */
export interface Context {
  readonly url: string;
  /** Its API key. */
  readonly key?: string;
}

/** What the file holds. */
export interface Contexts {
  /** The name of the context that commands use; undefined where they use the server of this machine. */
  readonly current?: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const OWNER_ALONE = 0o600;
const OTHERS = 0o077;

/** Where the file is: in the folder that the system has for settings. */
export function contextsFile(
  variables: NodeJS.ProcessEnv = process.env,
  platform = process.platform,
): string {
  const { XDG_CONFIG_HOME: xdg, APPDATA: appData } = variables;
  const home = variables['HOME'] ?? os.homedir();
  const folder = platform === 'win32' && appData ? appData : xdg || path.join(home, '.config');
  return path.join(folder, 'fovea', 'contexts.json');
}

/** Checks the name of a context. @throws {Error} saying what it may be. */
export function parseContextName(name: string): string {
  if (NAME.test(name)) return name;
  throw invalid(
    `${JSON.stringify(name)} cannot be the name of a context: it may have lower-case letters, digits, ".", "_" and "-", at most 64, and begins ` +
      'with a letter or a digit.',
  );
}

/**
 * Reads the contexts; none where there is no file.
 * @throws {Error} where the file cannot be read, or others may read it.
 */
export async function readContexts(file = contextsFile()): Promise<Contexts> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
      throw invalid(`Others may read ${file}, which has API keys. Take that from them: chmod 600 ${file}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { contexts: {} };
    throw error;
  }
  const parsed = parse(text);
  if (parsed === undefined)
    throw invalid(
      `${file} cannot be read: it is not what "${shownCommand('context', 'set')}" writes. Mend it, or delete it.`,
    );
  return parsed;
}

/** Writes the contexts, readable by their owner alone. @throws {Error} where the system refuses, with what to do. */
export async function writeContexts(contexts: Contexts, file = contextsFile()): Promise<void> {
  const next = `${file}.${process.pid}`;
  try {
    await makeFolder(path.dirname(file));
    await writeFile(next, `${JSON.stringify(contexts, undefined, 2)}\n`, { mode: OWNER_ALONE });
    await chmod(next, OWNER_ALONE);
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true }).catch(() => undefined);
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `${file} cannot be written (${code}). Set XDG_CONFIG_HOME to a folder that you may write, or name servers with --url and ` +
        'keys with FOVEA_API_KEY.',
      { cause: error },
    );
  }
}

/** Saves one server under a name, in place of another of that name. */
export async function saveContext(name: string, context: Context): Promise<void> {
  const saved = await readContexts();
  await writeContexts({ ...saved, contexts: { ...saved.contexts, [name]: context } });
}

function parse(text: string): Contexts | undefined {
  const value = parseObject(text);
  const contexts = value?.['contexts'];
  const current = value?.['current'];
  if (!isObject(contexts) || (current !== undefined && typeof current !== 'string')) return undefined;
  const isContext = (one: unknown) =>
    isObject(one) &&
    typeof one['url'] === 'string' &&
    (one['key'] === undefined || typeof one['key'] === 'string');
  if (!Object.values(contexts).every(isContext)) return undefined;
  return {
    contexts: contexts as unknown as Contexts['contexts'],
    ...(current === undefined ? {} : { current }),
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const invalid = (message: string) => new Error(message);

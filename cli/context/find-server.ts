// Finds the server that a command asks, and the key to ask it with: one way for all commands.

import { shownCommand } from '../../core/shown-command.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { type Contexts, readContexts } from './config-file.ts';

/** The environment variables that say which server is asked and with which key. */
export const SERVER_VARIABLES = { url: 'FOVEA_URL', key: 'FOVEA_API_KEY' } as const;

/** The context that is always there: the server of this machine. */
export const LOCAL_CONTEXT = { name: 'local', url: 'http://127.0.0.1:8787' } as const;

/** A server, and the key to ask it with. */
export interface FoundServer {
  readonly url: string;
  readonly key: string | undefined;
  /** What named the server, for people: `--url`, `FOVEA_URL` or `context "prod"`. */
  readonly urlFrom: string;
  /** What gave the key; undefined without a key. */
  readonly keyFrom: string | undefined;
}

/**
 * The server that `--url` names, else the one of the environment, else that of the context in use, else that of this machine. The key is that
 * of the environment, or that of the context; the latter is sent to the URL of its context alone.
 * @throws {UsageError} where there is no such context; what reading the contexts throws.
 */
export async function findServer(
  given: string | undefined,
  {
    variables = process.env,
    contexts,
  }: { readonly variables?: NodeJS.ProcessEnv; readonly contexts?: Contexts } = {},
): Promise<FoundServer> {
  const saved = contexts ?? (await readContexts());
  const named = given ?? (variables[SERVER_VARIABLES.url] || undefined);
  const { url, urlFrom } =
    named === undefined
      ? inUse(saved)
      : { url: named, urlFrom: given === undefined ? SERVER_VARIABLES.url : '--url' };
  const key = variables[SERVER_VARIABLES.key];
  if (key) return { url, urlFrom, key, keyFrom: SERVER_VARIABLES.key };
  const [name, context] =
    Object.entries(saved.contexts).find(([, one]) => isSame(one.url, url) && one.key) ?? [];
  return { url, urlFrom, key: context?.key, keyFrom: name === undefined ? undefined : `context "${name}"` };
}

function inUse({ current, contexts }: Contexts): Pick<FoundServer, 'url' | 'urlFrom'> {
  if (current === undefined) return { url: LOCAL_CONTEXT.url, urlFrom: `context "${LOCAL_CONTEXT.name}"` };
  const context = contexts[current];
  if (context === undefined) throw contextUnknown(current, contexts);
  return { url: context.url, urlFrom: `context "${current}"` };
}

/** The error for a context that is not there. */
export const contextUnknown = (name: string, contexts: Contexts['contexts']): UsageError =>
  new UsageError(
    `There is no context "${name}". There ${Object.keys(contexts).length === 0 ? 'is' : 'are'} ` +
      `${[LOCAL_CONTEXT.name, ...Object.keys(contexts)].join(', ')}. Make one: ${shownCommand('context', 'set', name, '--url', 'ADDRESS')}`,
  );

/** The error for a context that would have the name of the one that is always there. */
export const contextNameTaken = (): UsageError =>
  new UsageError(
    `"${LOCAL_CONTEXT.name}" is the server of this machine, at ${LOCAL_CONTEXT.url}. Choose another name.`,
  );

const withoutSlash = (url: string) => url.replace(/\/+$/, '');
const isSame = (a: string, b: string) => withoutSlash(a) === withoutSlash(b);

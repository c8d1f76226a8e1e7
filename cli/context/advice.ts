// What to do about an error of a server: which server was asked, with which key, and the next command.

import { shownCommand } from '../../core/shown-command.ts';
import { type FoundServer, LOCAL_CONTEXT, SERVER_VARIABLES } from './find-server.ts';

const advised = new WeakMap<Error, string>();

/** Remembers what to do about an error, for {@link adviceOf}. */
export function advise(error: unknown, server: FoundServer): void {
  if (!(error instanceof Error)) return;
  const text = adviceFor(error, server);
  if (text !== undefined) advised.set(error, text);
}

/** What to do about an error; undefined where the error says it itself. */
export const adviceOf = (error: unknown): string | undefined =>
  error instanceof Error ? advised.get(error) : undefined;

function adviceFor(error: Error, { url, urlFrom, keyFrom }: FoundServer): string | undefined {
  if (error.name === 'ConnectionError')
    return url === LOCAL_CONTEXT.url
      ? `Start it: ${shownCommand('start')}. Or ask another: --url, ${SERVER_VARIABLES.url}, or ${shownCommand('context', 'use', 'NAME')}.`
      : `The address comes from ${urlFrom}.`;
  if (error.name === 'UnexpectedAnswerError') return `The address ${url} comes from ${urlFrom}.`;
  const status = 'status' in error ? error.status : undefined;
  if (status === 401)
    return keyFrom === undefined
      ? `No key was sent: set ${SERVER_VARIABLES.key}, or save one: ${shownCommand('context', 'set', 'NAME', '--url', url, '--key')}.`
      : `The key comes from ${keyFrom}.`;
  return status === 403 && keyFrom !== undefined ? `The key comes from ${keyFrom}.` : undefined;
}

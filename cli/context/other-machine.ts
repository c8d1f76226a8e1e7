// Whether the server in use is another machine than this one, for commands that work on files here.

import { isLoopback } from '../../core/remote/is-loopback.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { type FoundServer, findServer } from './find-server.ts';

/** The server in use, where it is not on this machine; undefined where it is, or is not known. */
async function otherMachine(): Promise<FoundServer | undefined> {
  const server = await findServer(undefined).catch(() => undefined);
  if (server === undefined || !URL.canParse(server.url)) return undefined;
  return isLoopback(new URL(server.url).hostname) ? undefined : server;
}

/** What to know of weights on this machine where commands ask another; undefined where they ask this one. */
export async function adviceOnOtherMachine(architecture: string): Promise<string | undefined> {
  const server = await otherMachine();
  if (server === undefined) return undefined;
  return (
    `Commands ask ${server.url} (${server.urlFrom}), which has weights of its own. Whether it has those of a network: ` +
    shownCommand('train', 'DATASET', '--base', architecture, '--dry-run')
  );
}

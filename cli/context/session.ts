// What a command that asks a server works with: the client of that server, and where to print.

import { createClient, type FoveaClient } from '../../client/create-client.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { createOutput, type Output, type OutputOptions } from '../terminal/output.ts';
import { type FoundServer, findServer } from './find-server.ts';

/** The options of every command that asks a server. */
export interface SessionOptions extends OutputOptions {
  /** URL of the server; default: that of the environment, or of the context in use. */
  readonly url?: string | undefined;
}

/** A server, its client, and where to print. */
export interface Session {
  readonly server: FoundServer;
  readonly client: FoveaClient;
  readonly output: Output;
}

/** Opens a session. @throws what finding the server throws; {UsageError} where its URL is none. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const server = await findServer(options.url);
  return {
    server,
    client: openClient(server),
    output: createOutput(options),
  };
}

function openClient({ url, key, urlFrom }: FoundServer): FoveaClient {
  try {
    return createClient({ url, key });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new UsageError(`${cause.message} It comes from ${urlFrom}.`, { cause });
  }
}

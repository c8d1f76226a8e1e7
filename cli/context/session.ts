// What a command that asks a server works with: the client of that server, and where to print.

import { createClient, type FoveaClient } from '../../client/create-client.ts';
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

/** Opens a session. @throws what finding the server throws; {TypeError} where its URL is none. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const server = await findServer(options.url);
  return {
    server,
    client: createClient({ url: server.url, key: server.key }),
    output: createOutput(options),
  };
}

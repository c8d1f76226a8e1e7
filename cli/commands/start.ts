// `fovea start`: API and local worker until somebody stops them.

import { startLocalServer } from '../../functions/local-server.ts';
import { reachableUrl } from '../server/reachable-url.ts';
import { readApiKeys } from '../server/read-api-keys.ts';
import { createStderrLogger } from '../server/stderr-logger.ts';
import { untilInterrupted } from '../terminal/until-interrupted.ts';

export interface StartOptions {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly weights?: string;
  readonly usdPerHour?: number;
  /** JSON file, from names to keys. */
  readonly apiKeys?: string;
  /** One key, of the environment. */
  readonly apiKey: string | undefined;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly behindProxy?: boolean;
  readonly version: string;
}

export async function runStart(options: StartOptions): Promise<void> {
  const keys = await readApiKeys(options.apiKeys, options.apiKey);
  const server = await startLocalServer({
    dataDir: options.data,
    host: options.host,
    port: options.port,
    weightsDir: options.weights,
    usdPerHour: options.usdPerHour,
    apiKeys: keys === undefined ? undefined : async () => keys,
    allowHosts: options.allowHost,
    allowOrigins: options.allowOrigin,
    trustsProxy: options.behindProxy,
    version: options.version,
    logger: createStderrLogger(),
  });
  const url = reachableUrl(server.url);
  console.log(`Fovea ${options.version} is running.

  Page      ${url}/
  API       ${url}/v1
  API docs  ${url}/docs
  Datasets  ${server.datasetsDir}
            Copy a folder of pictures there, one subfolder a class.

Stop with Ctrl-C: jobs and models stay, and an unfinished job goes on at the next start.`);
  await untilInterrupted();
  console.log('Stopping …');
  await server.stop();
}

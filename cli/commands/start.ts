// `fovea start`: API and local worker until somebody stops them.

import { startLocalServer } from '../../functions/local-server.ts';
import { createStderrLogger } from '../stderr-logger.ts';
import { untilInterrupted } from '../until-interrupted.ts';

export interface StartOptions {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly weights?: string;
  readonly usdPerHour?: number;
  readonly version: string;
}

export async function runStart(options: StartOptions): Promise<void> {
  const server = await startLocalServer({
    dataDir: options.data,
    host: options.host,
    port: options.port,
    weightsDir: options.weights,
    usdPerHour: options.usdPerHour,
    version: options.version,
    logger: createStderrLogger(),
  });
  console.log(`Fovea ${options.version} is running.

  Page      ${server.url}/
  API       ${server.url}/v1
  API docs  ${server.url}/docs
  Datasets  ${server.datasetsDir}
            Copy a folder of pictures there, one subfolder a class.

Stop with Ctrl-C: jobs and models stay, and an unfinished job goes on at the next start.`);
  await untilInterrupted();
  console.log('Stopping …');
  await server.stop();
}

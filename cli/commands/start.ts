// `fovea start`: runs the API and the local worker until a signal stops them.

import path from 'node:path';
import {
  HTTPS_PORT,
  type LocalQueueName,
  type TracesExporter,
  type WebhookReceivers,
} from '../../core/environment.ts';
import { mirrorOf } from '../../core/network/weights/weights-mirror.ts';
import type { ServedPrecision } from '../../core/predict/served-precision.ts';
import { shownCommand } from '../../core/shown-command.ts';
import type { KeepDays } from '../../core/storage/retention.ts';
import { type LocalServer, type LocalServerOptions, startLocalServer } from '../../functions/local-server.ts';
import { LOCAL_CONTEXT } from '../context/find-server.ts';
import { reachableUrl } from '../server/reachable-url.ts';
import { readApiKeys } from '../server/read-api-keys.ts';
import {
  isServerProcess,
  receiveShare,
  type ServerShare,
  startServerProcesses,
  tellStarted,
} from '../server/server-processes.ts';
import { createStderrLogger } from '../server/stderr-logger.ts';
import { untilInterrupted } from '../terminal/until-interrupted.ts';

const MIB = 1024 * 1024;
const SECOND_MS = 1000;

/** The options of `fovea start`. */
export interface StartOptions {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly weights?: string;
  readonly usdPerHour?: number;
  /** JSON file of API keys by their names. */
  readonly apiKeys?: string;
  /** One API key, from the environment. */
  readonly apiKey: string | undefined;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  /** Ports; `true` for that of https alone. */
  readonly imageUrls?: true | readonly number[];
  readonly webhookReceivers?: WebhookReceivers;
  readonly feedback?: boolean;
  /** Days by kind. */
  readonly keep?: KeepDays;
  readonly behindProxy?: boolean;
  readonly lanes?: number;
  readonly processes?: number;
  readonly precision?: ServedPrecision;
  readonly metricsScope?: LocalServerOptions['metricsScope'];
  readonly queue?: LocalQueueName;
  readonly maxWaiting?: number;
  /** MiB. */
  readonly maxBodies?: number;
  /** Seconds. */
  readonly drain?: number;
  /** Seconds. */
  readonly grace?: number;
  /** Where traces go, as OpenTelemetry's variables say. */
  readonly traces?: TracesExporter | undefined;
  readonly version: string;
}

/**
 * Starts the server, in one process or in several, prints its addresses, and stops it at the first signal.
 * @throws {FoveaError} what {@link readApiKeys} or {@link startLocalServer} throws.
 */
export async function runStart(options: StartOptions): Promise<void> {
  if (isServerProcess()) return runServerProcess(options);
  const { processes = 1 } = options;
  if (processes > 1) return runProcesses(options, processes);
  const server = await startServer(options);
  printStarted(options, server);
  await untilInterrupted();
  console.log('Stopping …');
  await server.stop();
}

/** Starts several processes, which may also be stopped while they start. */
async function runProcesses(options: StartOptions, count: number): Promise<void> {
  const interrupted = untilInterrupted();
  const logger = createStderrLogger();
  const processes = startServerProcesses<Started>({
    count,
    onLost: (lost) => logger.error('a process of the server was lost, another one starts', lost),
  });
  const started = await Promise.race([processes.started, interrupted.then(() => 'interrupted' as const)]);
  if (started === undefined) {
    process.exitCode = 1;
    return;
  }
  if (started !== 'interrupted') {
    printStarted(options, started);
    await interrupted;
  }
  console.log('Stopping …');
  await processes.stop();
}

type Started = Pick<LocalServer, 'url' | 'datasetsDir'>;

/** One of several processes: serves until the one that started it says that it should stop. */
async function runServerProcess(options: StartOptions): Promise<void> {
  const { share, stopped } = await receiveShare();
  try {
    const server = await startServer(options, share);
    tellStarted({ url: server.url, datasetsDir: server.datasetsDir });
    await stopped;
    await server.stop();
  } finally {
    // It would keep the process.
    process.disconnect();
  }
}

async function startServer(options: StartOptions, share?: ServerShare): Promise<LocalServer> {
  // Not only when the first job needs it.
  mirrorOf('');
  const keys = await readApiKeys(options.apiKeys, options.apiKey);
  return startLocalServer({
    dataDir: options.data,
    host: options.host,
    port: options.port,
    weightsDir: options.weights,
    usdPerHour: options.usdPerHour,
    apiKeys: keys === undefined ? undefined : async () => keys,
    allowHosts: options.allowHost,
    allowOrigins: options.allowOrigin,
    imageUrlPorts: options.imageUrls === true ? [HTTPS_PORT] : options.imageUrls,
    webhookReceivers: options.webhookReceivers,
    keepsFeedback: options.feedback,
    keepDays: options.keep,
    trustsProxy: options.behindProxy,
    lanes: options.lanes,
    precision: options.precision,
    metricsScope: options.metricsScope,
    queue: options.queue,
    maxWaiting: options.maxWaiting,
    maxBodyBytes: options.maxBodies === undefined ? undefined : options.maxBodies * MIB,
    drainMs: options.drain === undefined ? undefined : options.drain * SECOND_MS,
    graceMs: options.grace === undefined ? undefined : options.grace * SECOND_MS,
    share,
    traces: options.traces,
    version: options.version,
    logger: createStderrLogger(),
  });
}

function printStarted(options: StartOptions, { url: listening, datasetsDir }: Started): void {
  const url = reachableUrl(listening);
  const at = url === LOCAL_CONTEXT.url ? [] : ['--url', url];
  console.log(`Fovea ${options.version} is running.

  Page      ${url}/
  API       ${url}/v1
  API docs  ${url}/docs
  Datasets  ${datasetsDir}

Next, in another terminal, with a folder of pictures that has one subfolder for each class:

  ${shownCommand('datasets', 'push', 'FOLDER', ...at)}
  ${shownCommand('train', 'DATASET', ...at)}
  ${shownCommand('predict', 'MODEL', 'FILE', ...at)}

${options.queue === 'workers' ? `Jobs wait for workers: ${shownCommand('worker', '--store', path.resolve(options.data))}\n\n` : ''}Stop with Ctrl-C. Jobs and models stay; the next start resumes an unfinished job.`);
}

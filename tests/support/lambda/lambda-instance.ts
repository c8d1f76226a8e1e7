// One instance of a function under AWS's runtime interface client, which asks this file's server for events the way it
// asks Lambda.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { LambdaRuntime } from './install-runtime.ts';

export interface LambdaInstanceOptions {
  readonly runtime: LambdaRuntime;
  /** The unpacked zip. */
  readonly folder: string;
  /** As in the function's configuration, e.g. `app/main.handler`. */
  readonly handler: string;
  readonly memoryMib: number;
  readonly environment: Readonly<Record<string, string>>;
}

export interface LambdaInstance {
  /** Hands over an event as JSON; resolves to what the function answers or streams. One after another. */
  invoke(event: string): Promise<Buffer>;
  /** Milliseconds from the start of the process to its first call for an event. */
  readonly initMs: number;
  /** What the function wrote so far. */
  output(): string;
  stop(): Promise<void>;
}

interface Invocation {
  readonly id: string;
  readonly event: string;
  readonly resolve: (answer: Buffer) => void;
  readonly reject: (error: Error) => void;
}

const DEADLINE_MS = 300_000;
const PREFIX = '/2018-06-01/runtime';

/** Starts the function; resolves when its initialization is over. */
export async function startLambdaInstance(options: LambdaInstanceOptions): Promise<LambdaInstance> {
  const startedMs = performance.now();
  const waiting: Invocation[] = [];
  const running = new Map<string, Invocation>();
  let idle: ((invocation: Invocation) => void) | undefined;
  let child: ChildProcess | undefined;
  let ended: Error | undefined;
  let output = '';
  let count = 0;
  let onInit: (error?: Error) => void = () => undefined;
  const initialized = new Promise<void>((resolve, reject) => {
    onInit = (error) => (error === undefined ? resolve() : reject(error));
  });

  const deliver = (response: ServerResponse, invocation: Invocation) => {
    running.set(invocation.id, invocation);
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': String(Date.now() + DEADLINE_MS),
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:local',
        'lambda-runtime-trace-id':
          'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0',
      })
      .end(invocation.event);
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === `${PREFIX}/invocation/next`) {
      onInit();
      const next = waiting.shift();
      if (next !== undefined) deliver(response, next);
      else idle = (invocation) => deliver(response, invocation);
      return;
    }
    const body = await buffer(request);
    response.writeHead(202).end('{}');
    if (path === `${PREFIX}/init/error`)
      return onInit(new Error(`The function did not start: ${body.toString()}\n${output}`));
    const [, id = '', kind] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const invocation = running.get(id);
    running.delete(id);
    if (kind === 'response') invocation?.resolve(body);
    else invocation?.reject(new Error(`The function failed: ${body.toString()}`));
  }

  const server = createServer((request, response) => void serve(request, response));
  // Lambda keeps the connection however long an event takes. Node would close it after seconds without one.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  child = spawn(options.runtime.node, [options.runtime.client, options.handler], {
    cwd: options.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${address.port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'local',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(options.memoryMib),
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/local',
      AWS_LAMBDA_LOG_STREAM_NAME: 'local',
      LAMBDA_TASK_ROOT: options.folder,
      _HANDLER: options.handler,
      ...options.environment,
    },
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.once('exit', (code) => {
    const error = new Error(`The runtime ended with code ${code}.\n${output}`);
    onInit(error);
    ended = error;
    for (const invocation of [...running.values(), ...waiting]) invocation.reject(error);
  });
  await initialized;
  const initMs = performance.now() - startedMs;

  return {
    initMs,
    output: () => output,
    invoke: (event) =>
      new Promise((resolve, reject) => {
        const invocation = {
          id: `00000000-0000-4000-8000-${String(count++).padStart(12, '0')}`,
          event,
          resolve,
          reject,
        };
        if (ended !== undefined) return reject(ended);
        const take = idle;
        idle = undefined;
        if (take === undefined) waiting.push(invocation);
        else take(invocation);
      }),
    async stop() {
      if (child?.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

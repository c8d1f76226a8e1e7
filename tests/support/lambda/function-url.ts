// A Function URL with response streaming before one instance of a function: requests become events of payload format
// 2.0, and what the runtime streams back becomes the answer. Limits and shapes as AWS documents them.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { LambdaInstance } from './lambda-instance.ts';

/** Of a synchronous invocation, event and all. */
const EVENT_LIMIT_BYTES = 6_291_456;
/** Bodies of these types come as text, all others as base64. */
const TEXT = /^(text\/|application\/(json|javascript|xml|x-www-form-urlencoded$))/;

export interface FunctionUrl {
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves a function on a free port. */
export async function serveFunctionUrl(instance: LambdaInstance): Promise<FunctionUrl> {
  const server = createServer((request, response) => {
    void answer(instance, request, response).catch((error: unknown) => {
      response.writeHead(502).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, stop: () => close(server) };
}

const close = (server: Server) =>
  new Promise<void>((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });

async function answer(
  instance: LambdaInstance,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const event = JSON.stringify(toEvent(request, await buffer(request)));
  if (Buffer.byteLength(event) > EVENT_LIMIT_BYTES) {
    const Message = `Request must be smaller than ${EVENT_LIMIT_BYTES} bytes for the InvokeFunction operation`;
    response.writeHead(413, { 'content-type': 'application/json' }).end(JSON.stringify({ Message }));
    return;
  }
  const { status, headers, cookies, body } = parseStreamed(await instance.invoke(event));
  response.writeHead(status, { ...headers, ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }) });
  response.end(body);
}

function toEvent(request: IncomingMessage, body: Buffer): object {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const type = request.headers['content-type'] ?? '';
  const isText = body.length === 0 || TEXT.test(type);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    ),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: 'local.lambda-url.us-east-1.on.aws',
      domainPrefix: 'local',
      http: {
        method: request.method,
        path: pathname,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: 'local',
      routeKey: '$default',
      stage: '$default',
      time: new Date().toUTCString(),
      timeEpoch: Date.now(),
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: !isText,
  };
}

/** Between the head, which is JSON, and the body of a streamed answer. */
const SEPARATOR = Buffer.alloc(8);

function parseStreamed(raw: Buffer) {
  const end = raw.indexOf(SEPARATOR);
  if (end < 0)
    throw new Error(`The function did not answer as an HTTP integration: ${raw.toString('utf8', 0, 500)}`);
  const head = JSON.parse(raw.toString('utf8', 0, end)) as {
    statusCode: number;
    headers?: Record<string, string>;
    cookies?: string[];
  };
  return {
    status: head.statusCode,
    headers: head.headers ?? {},
    cookies: head.cookies ?? [],
    body: raw.subarray(end + SEPARATOR.length),
  };
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refuseUnread } from '../../../functions/http/refuse-unread.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';

let server: RunningServer;
beforeAll(async () => {
  const app = { fetch: async (request: Request) => new Response(await request.text()) };
  server = await startServer({ app, host: '127.0.0.1', port: 0 });
});
afterAll(() => server.stop());

/** All that the server says to bytes, until it closes the connection. */
async function say(text: string, port = server.port): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  let said = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  await once(socket, 'close');
  return said;
}

function read(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(/^content-type: application\/json/im);
  return { status: Number(head.split(' ')[1]), error: JSON.parse(body).error, head };
}

const HOST = 'Host: 127.0.0.1\r\n';

describe('a request that cannot be read', () => {
  it.each([
    [
      'two lengths',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      400,
      'http-invalid',
    ],
    [
      'a broken chunk',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
      'http-invalid',
    ],
    ['no HTTP', 'hello\r\n\r\n', 400, 'http-invalid'],
    ['large headers', `GET / HTTP/1.1\r\n${HOST}A: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
    ['another expectation', `GET / HTTP/1.1\r\n${HOST}Expect: foo\r\n\r\n`, 417, 'expectation-unsupported'],
    ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'request-invalid'],
  ])('for %s is answered in the shape of errors', async (_, text, status, code) => {
    const answer = read(await say(text));
    expect(answer).toMatchObject({ status, error: { code, type: 'invalid_request_error' } });
    expect(answer.error.message).toMatch(/\.$/);
    expect(answer.head).toMatch(/^x-should-retry: false/im);
  });

  it('because its headers do not arrive is told when to try again', async () => {
    const slow = createServer({ headersTimeout: 1, requestTimeout: 1, connectionsCheckingInterval: 5 });
    refuseUnread(slow);
    await once(slow.listen(0, '127.0.0.1'), 'listening');
    const address = slow.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const answer = read(await say('GET / HTTP/1.1\r\n', port));
    slow.close();
    expect(answer).toMatchObject({ status: 408, error: { code: 'request-timeout' } });
    expect(answer.head).toMatch(/^retry-after: 1/im);
  });

  it('gets no second answer where one has begun', async () => {
    const streaming = createServer((_, response) => void response.write('begun'));
    refuseUnread(streaming);
    await once(streaming.listen(0, '127.0.0.1'), 'listening');
    const address = streaming.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const said = await say(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, port);
    streaming.close();
    expect(said).not.toContain('http-invalid');
  });
});

// Answers requests that Node's HTTP parser refuses before any app sees them, in the one shape of errors. Knows no app.

import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FoveaError } from '../../core/errors/errors.ts';
import { present } from '../../core/present.ts';
import { retryHeaders, toErrorBody } from './error-response.ts';
import { answerTo } from './error-status.ts';

/** The fields of Node's own error that are read. */
interface ParserError extends Error {
  readonly code?: string;
  /** The parser's words, e.g. `Invalid character in chunk size`. */
  readonly reason?: string;
}

/**
 * Makes a server answer requests that cannot be read with `http-invalid`, `headers-too-large` or `request-timeout`, and
 * those that expect anything but `100-continue` with `expectation-unsupported`. Where an answer has begun already, the
 * connection is closed without another.
 */
export function refuseUnread(server: Server): void {
  const answers = new WeakMap<Socket, ServerResponse>();
  server.on('request', ({ socket }, response) => answers.set(socket, response));
  server.on('checkExpectation', ({ headers }, response) =>
    answerRefusal(response, expectationUnsupported(present(headers.expect, 'a header Expect'))),
  );
  server.on('clientError', (error: ParserError, stream) => {
    const socket = stream as Socket;
    const answer = answers.get(socket);
    const isAnswering = answer?.headersSent === true && !answer.writableFinished;
    if (!socket.writable || error.code === 'ECONNRESET' || isAnswering) {
      socket.destroy();
      return;
    }
    const { status, fields, body } = toAnswer(toRefusal(error));
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
    socket.write([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
    socket.destroySoon();
  });
}

/** Answers a request that no app may see, and closes its connection. */
export function answerRefusal(response: ServerResponse, error: FoveaError): void {
  const { status, fields, body } = toAnswer(error);
  response.writeHead(status, fields).end(body);
}

function toAnswer(error: FoveaError) {
  const body = JSON.stringify(toErrorBody(error));
  const fields = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
    ...retryHeaders(error.code),
  };
  return { status: answerTo(error.code).status, fields, body };
}

function toRefusal(error: ParserError): FoveaError {
  if (error.code === 'HPE_HEADER_OVERFLOW')
    return new FoveaError(
      'headers-too-large',
      'The headers of the request are too large: at most 16 KiB are allowed, with the request line. Send fewer or shorter ones.',
    );
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new FoveaError(
      'request-timeout',
      'The request did not arrive within the time that the server waits for one. Send it again, without pauses.',
    );
  return new FoveaError(
    'http-invalid',
    `The request is not valid HTTP: ${error.reason ?? error.message}. Send it with an HTTP client that is up to date.`,
    { cause: error },
  );
}

const SHOWN_CHARACTERS = 80;
const expectationUnsupported = (received: string) =>
  new FoveaError(
    'expectation-unsupported',
    `The header Expect is ${JSON.stringify(received.slice(0, SHOWN_CHARACTERS))}, and only "100-continue" is understood. Omit the header.`,
    { param: 'Expect' },
  );

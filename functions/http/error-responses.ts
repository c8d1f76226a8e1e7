// Describes the failures of a route in the API's description: by status, with an example for every code.

import { ErrorSchema } from '../../api/error.ts';
import { ERROR_CODES, type ErrorCode } from '../../core/errors/error-codes.ts';
import { answerTo, type ErrorStatus } from './error-status.ts';

/** Errors of every route: those before a handler runs, and those that no handler expects. */
const EVERYWHERE: readonly ErrorCode[] = [
  'request-invalid',
  'host-not-allowed',
  'origin-not-allowed',
  'route-not-found',
  'method-not-allowed',
  'internal-error',
  'storage-unavailable',
];
/** Errors of routes below /v1, where the installation has keys. */
const WITH_KEYS: readonly ErrorCode[] = [
  'api-key-missing',
  'caller-unknown',
  'api-key-invalid',
  'api-key-expired',
  'scope-missing',
  'key-limited',
  'rate-limited',
];
/** Errors of routes that read a body. */
export const BODY_ERRORS: readonly ErrorCode[] = ['body-missing', 'body-unreadable', 'body-too-large'];
/** Errors of routes that read a JSON body. */
export const JSON_ERRORS: readonly ErrorCode[] = [...BODY_ERRORS, 'json-invalid', 'content-type-unsupported'];
/** Errors of routes that look a model up. */
export const MODEL_ERRORS: readonly ErrorCode[] = [
  'model-name-invalid',
  'model-version-invalid',
  'model-not-found',
  'model-version-not-found',
  'model-corrupt',
  'format-newer',
];
/** Errors of routes that take an Idempotency-Key. */
export const IDEMPOTENCY_ERRORS: readonly ErrorCode[] = [
  'idempotency-conflict',
  'idempotency-gone',
  'idempotency-in-progress',
];
/** Errors of routes that take an Idempotency-Key and answer with a secret. */
export const SECRET_ERRORS: readonly ErrorCode[] = [...IDEMPOTENCY_ERRORS, 'idempotency-secret-given'];
/** Errors of routes that write to the store. */
export const WRITE_ERRORS: readonly ErrorCode[] = ['storage-full', 'storage-read-only', 'storage-conflict'];

/** Errors of routes that change a model, or what predictions use of it. */
export const MODEL_CHANGE_ERRORS: readonly ErrorCode[] = [
  ...MODEL_ERRORS,
  ...WRITE_ERRORS,
  'model-in-use',
  'record-invalid',
  'record-contended',
];

const DESCRIPTIONS: Readonly<Record<ErrorStatus, string>> = {
  400: 'The request is not valid.',
  401: 'The API key is missing or not known.',
  403: 'Not allowed.',
  404: 'What the request names does not exist.',
  405: 'The path takes other methods, which `Allow` names.',
  408: 'The request arrived too slowly.',
  409: 'Not possible in the present state.',
  410: 'The request was done, and what it made is not there any more.',
  413: 'Larger than the limit.',
  415: 'The Content-Type, or the format of the picture, is not supported.',
  416: 'The requested range does not exist.',
  417: 'The header Expect asks for what the server does not do.',
  422: 'The picture cannot be decoded.',
  429:
    'More requests than the API key may send; `Retry-After` says when to try again. On AWS also: more requests at once than the installation ' +
    'allows. AWS then answers before the function does, in a form of its own: ' +
    '`{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}`.',
  431: 'The headers are too large.',
  500: 'The operator of the installation has to mend something.',
  503: 'Temporary: `Retry-After` says when to try again.',
  507: 'There is too little disk or memory.',
};

/** A response of a type without content, as handlers that stream their answers need one. */
type StreamedToo = Readonly<Record<429, { readonly description: string }>>;

/** The failures of a route below /v1: these codes, and those that every such route has. */
export const errorResponses = (...codes: readonly ErrorCode[]): StreamedToo =>
  openErrorResponses(...WITH_KEYS, ...codes) as StreamedToo;

/** The failures of a route that needs no API key: these codes, and those that every route has. */
export function openErrorResponses(...codes: readonly ErrorCode[]): Record<never, never> {
  const byStatus = new Map<ErrorStatus, ErrorCode[]>();
  for (const code of new Set([...EVERYWHERE, ...codes])) {
    const { status } = answerTo(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, ofStatus]) => [status, describe(status, ofStatus)]));
}

function describe(status: ErrorStatus, codes: readonly ErrorCode[]) {
  const examples = Object.fromEntries(
    codes.map((code) => [code, { summary: code, value: exampleOf(code, status) }]),
  );
  return {
    description: DESCRIPTIONS[status],
    content: { 'application/json': { schema: ErrorSchema, examples } },
  };
}

const exampleOf = (code: ErrorCode, status: number) => ({
  error: {
    message: ERROR_CODES[code],
    type: status < 500 ? 'invalid_request_error' : 'server_error',
    param: null,
    code,
  },
});

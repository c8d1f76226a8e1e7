// Sends requests with `fetch` alone, so that it runs in Node, Deno, Bun and browsers: adds the key, sends again what may be sent again, and
// turns answers that are errors into errors. Knows no call in particular.

import { ApiError, type ApiErrorFacts, ConnectionError, UnexpectedAnswerError } from './api-error.ts';

/** How a client reaches its server. */
export interface ClientOptions {
  /** URL of the server, e.g. `http://127.0.0.1:8787`; it may have a path, e.g. of a proxy. */
  readonly url: string | URL;
  /** The API key, where the server has keys. */
  readonly key?: string | undefined;
  /** Default: the one of the runtime. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How often a request is sent again that the server refused for now. Default: 3. */
  readonly retries?: number | undefined;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call; it then rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** Values of a query string; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** One request. */
export interface ApiRequest extends CallOptions {
  readonly query?: Query | undefined;
  /** Is sent as JSON. */
  readonly json?: unknown;
  /** Bytes or a form; is sent as it is. */
  readonly body?: Uint8Array | Blob | FormData | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether the request makes something, so that repeats of it have to be known as such. */
  readonly makes?: boolean | undefined;
}

/** Sends the requests of a client. */
export interface Transport {
  /** URL of the server, without a slash at its end. */
  readonly url: string;
  /** Whether a function of a cloud answers, which is paid for as long as an answer is open; known after the first answer. */
  isFunction(): boolean;
  /**
   * Sends a request.
   * @throws {ApiError} for an answer that is an error; {@link ConnectionError}; the reason of the signal.
   */
  send(method: string, path: string, request?: ApiRequest): Promise<Response>;
  /**
   * Sends a request whose answer is JSON.
   * @param kind the `object` that the answer must have; null where it has none.
   * @throws as {@link Transport.send}, and {@link UnexpectedAnswerError}.
   */
  ask<T>(
    kind: string | readonly string[] | null,
    method: string,
    path: string,
    request?: ApiRequest,
  ): Promise<T>;
  /**
   * Sends bytes where a link of the API leads, without the key.
   * @throws as {@link Transport.send}.
   */
  bring(link: UploadLink, body: Uint8Array | Blob, options?: CallOptions): Promise<void>;
}

/** The request that brings the bytes of an upload. */
export interface UploadLink {
  readonly method: 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_RETRIES = 3;
const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 30_000;
/** Lambda marks its answers with it. */
const FUNCTION_HEADER = 'x-amzn-requestid';

/** Encodes one name of a path. */
export const segment = encodeURIComponent;

/** Makes a transport. @throws {TypeError} where the URL is none of http or https. */
export function createTransport(options: ClientOptions): Transport {
  const { key, retries = DEFAULT_RETRIES } = options;
  const url = toBase(options.url);
  // Looked up at each call: pages and tests may replace it.
  const fetch: typeof globalThis.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  let isFunction = false;

  async function once(address: string, init: RequestInit): Promise<Response> {
    try {
      const response = await fetch(address, init);
      isFunction ||= response.headers.has(FUNCTION_HEADER);
      return response;
    } catch (cause) {
      init.signal?.throwIfAborted();
      throw new ConnectionError(new URL(address).origin, cause);
    }
  }

  async function repeat(address: string, init: RequestInit): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const response = await once(address, init);
      if (response.ok) return response;
      const error = await toApiError(response);
      if (attempt >= retries || response.headers.get('x-should-retry') !== 'true') throw error;
      const waitMs = (error.retryAfterSeconds ?? 0) * 1000 || FIRST_WAIT_MS * 2 ** attempt;
      if (waitMs > MOST_WAIT_MS) throw error;
      await delay(waitMs, init.signal ?? undefined);
    }
  }

  const send: Transport['send'] = (method, path, { query, json, body, headers, makes, signal } = {}) => {
    const sent = json === undefined ? body : JSON.stringify(json);
    return repeat(`${url}${path}${toSearch(query)}`, {
      method,
      // The API redirects nowhere: what does is a page to log in, or a proxy.
      redirect: 'manual',
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(body instanceof Uint8Array ? { 'content-type': 'application/octet-stream' } : {}),
        ...(makes === true ? { 'idempotency-key': crypto.randomUUID() } : {}),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent as NonNullable<RequestInit['body']> }),
      ...(signal === undefined ? {} : { signal }),
    });
  };

  return {
    url,
    isFunction: () => isFunction,
    send,
    async ask<T>(
      kind: string | readonly string[] | null,
      method: string,
      path: string,
      request?: ApiRequest,
    ) {
      const response = await send(method, path, request);
      const answer = parseJson(await response.text());
      const found =
        typeof answer === 'object' && answer !== null ? (answer as { object?: unknown }).object : undefined;
      const call = `${method} ${path}`;
      if (typeof answer !== 'object' || answer === null) throw toForeignError(response);
      if (kind !== null && ![kind].flat().includes(String(found)))
        throw new UnexpectedAnswerError(
          call,
          `it is ${JSON.stringify(found)} and not "${[kind].flat().join('" or "')}"`,
        );
      return answer as T;
    },
    async bring({ method, url: address, headers }, body, { signal } = {}) {
      const response = await once(new URL(address, url).href, {
        method,
        headers: { ...headers },
        body: body as NonNullable<RequestInit['body']>,
        ...(signal === undefined ? {} : { signal }),
      });
      if (!response.ok) throw await toApiError(response);
      await response.body?.cancel();
    },
  };
}

/** People copy the address of the API, which ends with /v1, as well as that of the server. */
function toBase(url: string | URL): string {
  const text = String(url);
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new TypeError(
      `"${text}" is no URL of a server. It begins with http:// or https://, e.g. http://127.0.0.1:8787.`,
    );
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}`;
}

function toSearch(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(
    given.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return search === '' ? '' : `?${search}`;
}

async function toApiError(response: Response): Promise<ApiError> {
  const { status, headers } = response;
  const text = await response.text().catch(() => '');
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN);
  const body = (parseJson(text) as { error?: Record<string, unknown> } | undefined)?.error;
  const requestId = body?.['request_id'] ?? headers.get('x-request-id');
  const facts: ApiErrorFacts = {
    ...(typeof body?.['param'] === 'string' ? { param: body['param'] } : {}),
    ...(typeof body?.['details'] === 'object' && body['details'] !== null
      ? { details: body['details'] as Record<string, unknown> }
      : {}),
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {}),
  };
  if (typeof body?.['message'] === 'string' && typeof body['code'] === 'string')
    return new ApiError(status, body['code'], body['message'], facts);
  // The form of S3's errors.
  const [, code, message] = /<Code>([^<]*)<\/Code>\s*<Message>([^<]*)<\/Message>/.exec(text) ?? [];
  if (code !== undefined)
    return new ApiError(status, null, `The storage answered ${status}: ${code}. ${message}`, facts);
  return toForeignError(response, facts);
}

/** The error for an answer that is none of Fovea's, in one line: its text may be a page. */
function toForeignError({ url, status, headers, type }: Response, facts: ApiErrorFacts = {}): ApiError {
  const origin = URL.canParse(url) ? new URL(url).origin : 'this address';
  const said = [
    type === 'opaqueredirect' ? 'a redirect' : status,
    headers.get('content-type')?.split(';')[0],
  ];
  const location = headers.get('location');
  const advice =
    location !== null && URL.canParse(location, url)
      ? ` It leads to ${new URL(location, url).origin}: name that address if Fovea is there.`
      : ' Check the address, and whether a proxy is before the server.';
  return new ApiError(
    status,
    null,
    `What answers at ${origin} is not Fovea (${said.filter(Boolean).join(', ')}).${advice}`,
    { ...facts, isForeign: true },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Waits. @throws the reason of the signal. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

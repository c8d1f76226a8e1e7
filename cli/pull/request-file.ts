// Asks a server for a file, and follows redirects one by one. Knows nothing of what is done with the answer.

import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { shownUrl } from '../../core/remote/shown-url.ts';
import { checkUrl, type UrlRules } from './allowed-url.ts';

/** Redirects that are followed. Hubs need one or two. */
const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const HTTP_UNAUTHORIZED = 401;
const HTTP_FORBIDDEN = 403;
const HTTP_NOT_FOUND = 404;

/** How servers are asked. */
export interface RequestOptions {
  readonly rules: UrlRules;
  /** A hub's access token. It is given to the host of the URL alone, never to one that it redirects to. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: Node's own. */
  readonly fetch?: typeof fetch | undefined;
}

/** The error of a file that cannot be had. */
export const downloadFailed = (url: URL, problem: string, cause?: unknown, status?: number) =>
  new FoveaError('download-failed', `${shownUrl(url)} could not be downloaded: ${problem}`, {
    param: 'source',
    details: { url: shownUrl(url), ...(status === undefined ? {} : { status }) },
    cause,
  });

/** Whether an error says that a server has no such file. */
export const isNotThere = (error: unknown): boolean =>
  isFoveaError(error, 'download-failed') && error.details?.['status'] === HTTP_NOT_FOUND;

/**
 * Asks for a file, or a range of it.
 *
 * @returns the answer with a status of success, whose body the caller reads or cancels; or of 416 to a range.
 * @throws {FoveaError} `download-refused` for an address that is not allowed or too many redirects; `download-failed` for no answer, and
 * every other status.
 */
export async function requestFile(
  start: URL,
  headers: Readonly<Record<string, string>>,
  { rules, token, signal, fetch: ask = fetch }: RequestOptions,
): Promise<Response> {
  let url = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    checkUrl(url, rules, redirects === 0 ? undefined : start);
    const authorization: Record<string, string> =
      token === undefined || url.origin !== start.origin ? {} : { authorization: `Bearer ${token}` };
    let response: Response;
    try {
      response = await ask(url, {
        redirect: 'manual',
        // Sizes and ranges are those of the file, and not of a compressed form of it.
        headers: { 'accept-encoding': 'identity', ...headers, ...authorization },
        signal: signal ?? null,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw downloadFailed(start, `${reasonOf(cause)}.`, cause);
    }
    if (!REDIRECTS.includes(response.status)) return accept(start, headers, response);
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (location === null || !URL.canParse(location, url.href))
      throw downloadFailed(start, `the server redirects to no address (status ${response.status}).`);
    url = new URL(location, url);
  }
  throw new FoveaError(
    'download-refused',
    `${shownUrl(start)} redirects more than ${MAX_REDIRECTS} times. Name the address at the end of its redirects.`,
    { param: 'source', details: { url: shownUrl(start), allowed: MAX_REDIRECTS } },
  );
}

async function accept(url: URL, headers: Readonly<Record<string, string>>, response: Response) {
  if (response.ok || (response.status === 416 && 'range' in headers)) return response;
  await response.body?.cancel();
  const needsToken = response.status === HTTP_UNAUTHORIZED || response.status === HTTP_FORBIDDEN;
  const hint = needsToken
    ? ' For a private or gated repository of a hub, set HF_TOKEN.'
    : ' Check the address.';
  throw downloadFailed(
    url,
    `the server answered ${response.status} ${response.statusText}.`.replace(' .', '.') + hint,
    undefined,
    response.status,
  );
}

/** What went wrong, in the words of the system. */
export function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : String(inner);
}

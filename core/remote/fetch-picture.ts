// Fetches pictures from https addresses that clients name, for a server that may reach more than those clients: only from the public internet,
// bounded in time, bytes and redirects. Does not know what a picture is.

import type { IncomingMessage } from 'node:http';
import pLimit from 'p-limit';
import { HTTPS_PORT } from '../environment.ts';
import { FoveaError } from '../errors/errors.ts';
import { imageTooLarge } from '../image/image-errors.ts';
import { orAborted } from '../or-aborted.ts';
import { askHost, reasonOf } from './ask-host.ts';
import { isPrivateAddress } from './is-private-address.ts';
import { askNameServers, type ResolveName, resolvePublic } from './resolve-public.ts';
import { shownUrl } from './shown-url.ts';

const MAX_REDIRECTS = 3;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const HTTP_OK = 200;
/** At once, over all requests of the process. */
const CONCURRENCY = 16;
const TIMEOUT_MS = 10_000;
const HEADERS = { accept: 'image/*', 'accept-encoding': 'identity' };

/** What a picture may cost. */
export interface FetchOptions {
  readonly maxBytes: number;
  /** Ends the work; its reason is what is thrown. */
  readonly signal: AbortSignal;
  /** Is told of bytes as they arrive; what it throws ends the work. */
  onBytes(bytes: number): void;
}

/**
 * The bytes that an address answers with.
 * @throws {FoveaError} `image-url-refused` for an address that is not allowed, also after a redirect; `image-url-unreachable` where nothing comes
 * from there, or not in time; `image-too-large`.
 */
export type FetchPicture = (url: string, options: FetchOptions) => Promise<Uint8Array>;

/** How pictures are fetched. */
export interface PictureFetcherOptions {
  /** Ports that may be asked. Default: that of https. */
  readonly ports?: readonly number[] | undefined;
  /** For one picture with its redirects, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly resolve?: ResolveName | undefined;
  /** Default: whatever {@link isPrivateAddress} does not refuse. */
  readonly isPublic?: ((address: string) => boolean) | undefined;
  /** Certificates of authorities in PEM, in place of those that Node trusts. */
  readonly ca?: string | undefined;
}

/** Makes a {@link FetchPicture}. */
export function createPictureFetcher(options: PictureFetcherOptions = {}): FetchPicture {
  const { ports = [HTTPS_PORT], timeoutMs = TIMEOUT_MS, resolve = askNameServers, ca } = options;
  const isPublic = options.isPublic ?? ((address: string) => !isPrivateAddress(address));
  const limit = pLimit(CONCURRENCY);
  return (text, { maxBytes, signal, onBytes }) =>
    limit(async () => {
      signal.throwIfAborted();
      const start = parseUrl(text);
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        let url = start;
        for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
          checkUrl(url, ports);
          const host = { resolve, isPublic, notPublic };
          const addresses = await orAborted(resolvePublic(url, host), inTime);
          const response = await askHost(url, { addresses, ...host, signal: inTime, ca, headers: HEADERS });
          if (!REDIRECTS.includes(response.statusCode ?? 0))
            return await readPicture(start, response, maxBytes, onBytes);
          response.destroy();
          const { location } = response.headers;
          if (location === undefined || !URL.canParse(location, url.href))
            throw unreachable(start, 'its server redirects to no address.');
          url = new URL(location, url);
        }
        throw urlRefused(
          start,
          `it redirects more than ${MAX_REDIRECTS} times. Send the address at the end of its redirects.`,
        );
      } catch (error) {
        signal.throwIfAborted();
        if (inTime.aborted) throw unreachable(start, `it took longer than ${timeoutMs / 1000} s.`, error);
        if (error instanceof FoveaError) throw error;
        throw unreachable(start, `${reasonOf(error)}.`, error);
      }
    });
}

/** The error `image-url-refused`. */
const urlRefused = (url: URL, problem: string): FoveaError =>
  new FoveaError('image-url-refused', `${shownUrl(url)} is not fetched: ${problem}`, {
    details: { url: shownUrl(url) },
  });

const notPublic = (url: URL): FoveaError =>
  urlRefused(
    url,
    'its host is not on the public internet. Send the bytes of the picture, or upload it (POST /v1/uploads).',
  );

const SHOWN_CHARACTERS = 80;

function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new FoveaError(
    'image-url-refused',
    `${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))} is no URL. Send one as https://pictures.example.com/1.jpg.`,
  );
}

/** @throws {FoveaError} `image-url-refused`. */
function checkUrl(url: URL, ports: readonly number[]): void {
  if (url.protocol !== 'https:') throw urlRefused(url, 'only https is allowed.');
  if (url.username !== '' || url.password !== '')
    throw urlRefused(url, 'it has a name or a password in it. Leave them out.');
  const port = url.port === '' ? HTTPS_PORT : Number(url.port);
  if (!ports.includes(port)) throw urlRefused(url, `port ${port} is not allowed. The operator may allow it.`);
}

async function readPicture(
  url: URL,
  response: IncomingMessage,
  maxBytes: number,
  onBytes: (bytes: number) => void,
): Promise<Uint8Array> {
  try {
    const { statusCode, headers } = response;
    if (statusCode !== HTTP_OK)
      throw unreachable(url, `its server answered ${statusCode}. Check the address.`, undefined, statusCode);
    const announced = Number(headers['content-length'] ?? 0);
    if (announced > maxBytes) throw imageTooLarge(announced, maxBytes);
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) throw imageTooLarge(sizeBytes, maxBytes);
      onBytes(chunk.byteLength);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    response.destroy();
  }
}

function unreachable(url: URL, problem: string, cause?: unknown, status?: number): FoveaError {
  return new FoveaError('image-url-unreachable', `${shownUrl(url)} could not be fetched: ${problem}`, {
    details: { url: shownUrl(url), ...(status === undefined ? {} : { status }) },
    cause,
  });
}

// Middleware: a request with an Idempotency-Key is done once, and answered again as before.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import type { KnownKey } from '../../core/api-key/known-key.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import type { IdParts } from '../../core/id-digits.ts';
import type { KeptAnswer } from '../../core/idempotency/kept-answers.ts';
import type { AppEnv } from '../deps/deps.ts';
import { answerTo } from './error-status.ts';
import { openBody } from './open-body.ts';
import { createRequestHash } from './request-hash.ts';
import { toRequestInvalid } from './request-invalid.ts';

/** How long a request waits for the same request before it, and how often it looks. */
const WAIT_MS = 10_000;
const LOOK_MS = 100;

/** How an answer is kept; see {@link IDEMPOTENT_OPERATIONS}. */
export type KeptAs = 'answer' | 'made' | 'secret';

/** The ids of what a request has made, by what it is, e.g. `file_id`. */
export type Made = Readonly<Record<string, string>>;

/**
 * Middleware of one operation. Only answers of success are kept: after a failure the same key may be used anew.
 * @param kept `made` keeps what {@link noteMade} says, and lets the handler answer again by {@link madeBefore}; where it says nothing, the
 * key stays free. `secret` keeps what the request worked on.
 * @throws {FoveaError} `idempotency-conflict` for another request with the key, `idempotency-in-progress` while the first is not over,
 * `idempotency-gone` where what was made is not there any more, `idempotency-secret-given` for a request whose answer had a secret.
 */
export function idempotent(operation: string, kept: KeptAs) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const headers = { 'idempotency-key': c.req.header('idempotency-key') };
    const parsed = IdempotencyHeadersSchema.safeParse(headers);
    if (!parsed.success) throw toRequestInvalid(parsed.error, 'A header', headers);
    const { 'idempotency-key': key } = parsed.data;
    if (key === undefined) return next();
    const { answers } = c.get('idempotency');
    const caller = c.get('apiKey');
    const request = { client: caller?.name, rights: rightsOf(caller), operation, key };
    let claimed = await answers.claim(request);
    for (let waited = 0; claimed.state === 'at-work'; waited += LOOK_MS) {
      if (waited >= WAIT_MS) throw inProgress(claimed.silence);
      await sleep(LOOK_MS);
      claimed = await answers.claim(request);
    }
    if (claimed.state === 'of-others') throw conflict();
    const hash = createRequestHash(c.req.raw);
    c.set('requestHash', hash);
    const { id, sinceMs } = claimed;
    if (claimed.state === 'answered') {
      const { answer } = claimed;
      // Earlier versions kept whole answers.
      if (kept === 'made' && answer.isMade === true) {
        const made = JSON.parse(answer.body) as Made;
        c.set('idempotencyClaim', { id, sinceMs, earlier: { made, requestHash: answer.requestHash } });
        await next();
        if (c.error === undefined) c.header('Idempotency-Replayed', 'true');
        else if (isFoveaError(c.error) && answerTo(c.error.code).status === 404) throw gone(c.error);
        return;
      }
      await readRest(c);
      if (hash.digest() !== answer.requestHash) throw conflict();
      return again(answer, kept);
    }
    c.set('idempotencyClaim', { id, sinceMs });
    let answer: KeptAnswer | undefined;
    try {
      await next();
      if (c.error === undefined && c.res.ok) {
        // It is done. What is wrong with the rest of the body is said to those who ask again.
        await readRest(c).catch(() => undefined);
        answer = await toKept(c, kept, hash.digest());
      }
    } finally {
      await claimed.end(answer);
    }
  });
}

/** What is kept of an answer; undefined where nothing was made. */
async function toKept(
  c: Context<AppEnv>,
  kept: KeptAs,
  requestHash: string,
): Promise<KeptAnswer | undefined> {
  const { status, headers } = c.res;
  const contentType = headers.get('content-type') ?? 'application/json';
  if (kept === 'answer') return { requestHash, status, contentType, body: await c.res.clone().text() };
  const made = kept === 'made' ? c.get('idempotencyMade') : (c.get('target') ?? {});
  return made && { requestHash, status, contentType, body: JSON.stringify(made), isMade: true };
}

/** Lets the hash see what the handler has not read: it is the same for all requests of the same bytes, whoever reads them. */
async function readRest(c: Context<AppEnv>): Promise<void> {
  if (c.req.raw.bodyUsed) return;
  for await (const _ of openBody(c, c.get('idempotency').limitBytes, undefined, false));
}

/** Notes what a request has made, so that the same request is answered by it. Names no pictures, and nothing of what a file is called. */
export function noteMade(c: Context<AppEnv>, made: Made): void {
  c.set('idempotencyMade', made);
}

/**
 * What the same request has made before, which the handler then answers with as it is now; undefined for a request that is to be done.
 * Handlers ask once they know that the request is allowed, before they change anything. A thing that they do not find any more is
 * answered with `idempotency-gone`.
 * @throws {FoveaError} `idempotency-conflict` where another request had the key.
 */
export async function madeBefore(c: Context<AppEnv>): Promise<Made | undefined> {
  const earlier = c.get('idempotencyClaim')?.earlier;
  if (earlier === undefined) return undefined;
  await readRest(c);
  if (c.get('requestHash')?.digest() !== earlier.requestHash) throw conflict();
  return earlier.made;
}

/** What tells keys of one name apart of which one was made anew, or is allowed something else now. */
const rightsOf = ({ createdAt, scopes, datasets, models }: Partial<KnownKey> = {}): string =>
  createHash('sha256')
    .update(JSON.stringify([createdAt, scopes, datasets, models]))
    .digest('hex');

/**
 * What names the thing that a request makes, once its body has been read: the same for a request that is repeated with its
 * Idempotency-Key, so that one that goes on after a crash finds what was made before it. Undefined for a request without a key.
 */
export function idPartsOf(c: Context<AppEnv>): IdParts | undefined {
  const claim = c.get('idempotencyClaim');
  const hash = c.get('requestHash');
  if (claim === undefined || hash === undefined) return undefined;
  const digits = createHash('sha256').update(claim.id).update(hash.digest()).digest('hex');
  return { ms: claim.sinceMs, digits };
}

/** @throws {FoveaError} `idempotency-secret-given`. */
function again({ status, contentType, body }: KeptAnswer, kept: KeptAs): Response {
  if (kept === 'secret') throw secretGiven(JSON.parse(body) as Made);
  return new Response(body, {
    status,
    headers: { 'Content-Type': contentType, 'Idempotency-Replayed': 'true' },
  });
}

const conflict = () =>
  new FoveaError(
    'idempotency-conflict',
    'The Idempotency-Key was used for another request, which has been answered. Use a new key for a new request.',
    { param: 'Idempotency-Key' },
  );

function inProgress(silence: { readonly silentMs: number; readonly freeInMs: number } | undefined) {
  const param = 'Idempotency-Key';
  const code = 'idempotency-in-progress';
  if (silence === undefined)
    return new FoveaError(
      code,
      'A request with this Idempotency-Key is at work and not over yet. Send the same request again in a moment.',
      { param },
    );
  const retryAfterSeconds = Math.max(1, Math.ceil(silence.freeInMs / 1000));
  return new FoveaError(
    code,
    `A request with this Idempotency-Key has begun, and nothing was heard of it for ${Math.floor(silence.silentMs / 1000)} seconds. ` +
      `Send the same request again in ${retryAfterSeconds} seconds: if the first has died, it is done then.`,
    { param, details: { retryAfterSeconds } },
  );
}

const gone = ({ message, details }: FoveaError) =>
  new FoveaError(
    'idempotency-gone',
    `The request with this Idempotency-Key was done, and what it made is not there any more. It is not done again. ${message} Use a new key to have it made anew.`,
    { param: 'Idempotency-Key', ...(details === undefined ? {} : { details }) },
  );

function secretGiven(made: Made): FoveaError {
  const names = Object.entries(made).map(([what, name]) => `${what} "${name}"`);
  return new FoveaError(
    'idempotency-secret-given',
    `The request with this Idempotency-Key was done and is not done again (${names.join(', ')}). Its answer had a secret, which is kept nowhere. ` +
      'If that answer was lost, ask for another secret (POST …/rotate, with a new Idempotency-Key), or delete what was made.',
    { param: 'Idempotency-Key', details: made },
  );
}

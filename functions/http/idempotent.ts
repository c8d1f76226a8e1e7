// Middleware: a request with an Idempotency-Key is done once, and answered again as before.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { KeptAnswer } from '../../core/idempotency/kept-answers.ts';
import type { AppEnv } from '../deps/deps.ts';
import { openBody } from './open-body.ts';
import { createRequestHash } from './request-hash.ts';
import { toRequestInvalid } from './request-invalid.ts';

/** How long a request waits for the same request before it, and how often it looks. */
const WAIT_MS = 10_000;
const LOOK_MS = 100;

/**
 * Middleware of one operation. Only answers of success are kept: after a failure the same key may be used anew.
 * @param kept `secret` keeps what the request worked on instead of its answer.
 * @throws {FoveaError} `idempotency-conflict` for another request with the key, `idempotency-in-progress` while the first is not over,
 * `idempotency-secret-given` for a request whose answer had a secret.
 */
export function idempotent(operation: string, kept: 'answer' | 'secret') {
  return createMiddleware<AppEnv>(async (c, next) => {
    const headers = { 'idempotency-key': c.req.header('idempotency-key') };
    const parsed = IdempotencyHeadersSchema.safeParse(headers);
    if (!parsed.success) throw toRequestInvalid(parsed.error, 'A header', headers);
    const { 'idempotency-key': key } = parsed.data;
    if (key === undefined) return next();
    const { answers, limitBytes } = c.get('idempotency');
    const request = { client: c.get('apiKey')?.name, operation, key };
    let claimed = await answers.claim(request);
    for (let waited = 0; claimed.state === 'at-work'; waited += LOOK_MS) {
      if (waited >= WAIT_MS) throw inProgress();
      await sleep(LOOK_MS);
      claimed = await answers.claim(request);
    }
    const hash = createRequestHash(c.req.raw);
    c.set('requestHash', hash);
    if (claimed.state === 'answered') {
      for await (const _ of openBody(c, limitBytes, undefined, false));
      if (hash.digest() !== claimed.answer.requestHash) throw conflict();
      return again(claimed.answer, kept);
    }
    c.set('idempotencyClaim', { id: claimed.id, sinceMs: claimed.sinceMs });
    let answer: KeptAnswer | undefined;
    try {
      await next();
      if (c.error === undefined && c.res.ok)
        answer = {
          requestHash: hash.digest(),
          status: c.res.status,
          contentType: c.res.headers.get('content-type') ?? 'application/json',
          body: kept === 'secret' ? JSON.stringify(c.get('target') ?? {}) : await c.res.clone().text(),
        };
    } finally {
      await claimed.end(answer);
    }
  });
}

/** What an id is made of: when it was asked for, in Unix milliseconds, and hexadecimal digits that nobody can guess. */
export interface IdParts {
  readonly ms: number;
  readonly digits: string;
}

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
function again({ status, contentType, body }: KeptAnswer, kept: 'answer' | 'secret'): Response {
  if (kept === 'secret') throw secretGiven(JSON.parse(body) as Readonly<Record<string, string>>);
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

const inProgress = () =>
  new FoveaError(
    'idempotency-in-progress',
    'A request with this Idempotency-Key is at work and not over yet. Send the same request again in a moment.',
    { param: 'Idempotency-Key' },
  );

function secretGiven(made: Readonly<Record<string, string>>): FoveaError {
  const names = Object.entries(made).map(([what, name]) => `${what} "${name}"`);
  return new FoveaError(
    'idempotency-secret-given',
    `The request with this Idempotency-Key was done and is not done again (${names.join(', ')}). Its answer had a secret, which is kept nowhere. ` +
      'If that answer was lost, ask for another secret (POST …/rotate, with a new Idempotency-Key), or delete what was made.',
    { param: 'Idempotency-Key', details: made },
  );
}

// Middleware: a request with an Idempotency-Key is done once, and answered again as before.

import { createHash, type Hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMiddleware } from 'hono/factory';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { KeptAnswer } from '../../core/idempotency/kept-answers.ts';
import type { AppEnv } from '../deps/deps.ts';
import { openBody } from './open-body.ts';
import { toRequestInvalid } from './request-invalid.ts';

/** How long a request waits for the same request before it, and how often it looks. */
const WAIT_MS = 10_000;
const LOOK_MS = 100;

/**
 * Middleware of one operation. Only answers of success are kept: after a failure the same key may be used anew.
 * @throws {FoveaError} `idempotency-conflict` for another request with the key, `idempotency-in-progress` while the first is not over.
 */
export function idempotent(operation: string) {
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
    const hash = createHash('sha256').update(new URL(c.req.url).pathname + new URL(c.req.url).search);
    if (claimed.state === 'answered') {
      for await (const chunk of openBody(c, limitBytes)) hash.update(chunk);
      return again(claimed.answer, hash);
    }
    c.set('bodyHash', hash);
    c.set('idempotencyId', claimed.id);
    let answer: KeptAnswer | undefined;
    try {
      await next();
      if (c.error === undefined && c.res.ok) answer = await toKept(c.res, hash);
    } finally {
      await claimed.end(answer);
    }
  });
}

async function toKept(response: Response, hash: Hash): Promise<KeptAnswer> {
  return {
    requestHash: hash.digest('hex'),
    status: response.status,
    contentType: response.headers.get('content-type') ?? 'application/json',
    body: await response.clone().text(),
  };
}

/** @throws {FoveaError} `idempotency-conflict`. */
function again({ requestHash, status, contentType, body }: KeptAnswer, hash: Hash): Response {
  if (hash.digest('hex') !== requestHash)
    throw new FoveaError(
      'idempotency-conflict',
      'The Idempotency-Key was used for another request, which has been answered. Use a new key for a new request.',
      { param: 'Idempotency-Key' },
    );
  return new Response(body, {
    status,
    headers: { 'Content-Type': contentType, 'Idempotency-Replayed': 'true' },
  });
}

const inProgress = () =>
  new FoveaError(
    'idempotency-in-progress',
    'A request with this Idempotency-Key is at work and not over yet. Send the same request again in a moment.',
    { param: 'Idempotency-Key' },
  );

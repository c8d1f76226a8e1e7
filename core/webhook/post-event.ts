// Makes one attempt to deliver: signs an event and posts it, within a time, and reads the beginning of the answer. Follows no redirects and
// keeps no connection. Stores nothing.

import type { IncomingMessage } from 'node:http';
import { isFoveaError } from '../errors/errors.ts';
import { orAborted } from '../or-aborted.ts';
import { askHost, reasonOf } from '../remote/ask-host.ts';
import type { AttemptOutcome } from './delivery.ts';
import { parseReceiver, publicHost, type ReceiverRules, receiverAddresses } from './receiver.ts';
import { webhookHeaders } from './sign-webhook.ts';
import type { WebhookEvent } from './webhook-event.ts';

const TIMEOUT_MS = 15_000;
const SHOWN_BYTES = 1000;
const SHOWN_CHARACTERS = 300;
const REDIRECTED = 300;
const NOT_OK = 400;

/**
 * Posts an event to an address, signed by each of the secrets.
 * @throws the reason of the signal; whatever else happens is an outcome.
 */
export type PostEvent = (
  receiver: { readonly url: string; readonly secrets: readonly string[] },
  event: WebhookEvent,
  signal: AbortSignal,
) => Promise<AttemptOutcome>;

/** How events are posted. */
export interface EventPosterOptions extends ReceiverRules {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** For one attempt, in milliseconds; default: 15 seconds. */
  readonly timeoutMs?: number | undefined;
  /** Certificates of authorities in PEM, in place of those that Node trusts. */
  readonly ca?: string | undefined;
}

/** The body of an event: the same bytes in every attempt. */
export const eventBody = ({ id, type, createdAt, data }: WebhookEvent): string =>
  JSON.stringify({ id, object: 'event', type, created_at: createdAt, data });

/** Makes a {@link PostEvent}. */
export function createEventPoster(options: EventPosterOptions): PostEvent {
  const { now, timeoutMs = TIMEOUT_MS, ca } = options;
  return async ({ url: text, secrets }, event, stopped) => {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)]);
    try {
      const url = parseReceiver(text, options);
      const addresses = await orAborted(receiverAddresses(url, options), signal);
      const body = eventBody(event);
      const signed = { id: event.id, timestamp: Math.floor(now() / 1000), body };
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        ...webhookHeaders(signed, secrets),
      };
      const host = publicHost(options);
      return await outcomeOf(
        await askHost(url, { ...host, addresses, method: 'POST', headers, body, signal, ca }),
      );
    } catch (error) {
      stopped.throwIfAborted();
      const problem = signal.aborted
        ? `No answer came within ${timeoutMs / 1000} s.`
        : isFoveaError(error, 'webhook-url-refused')
          ? error.message
          : `No answer came: ${reasonOf(error)}.`;
      return { status: null, problem, response: null };
    }
  };
}

async function outcomeOf(answer: IncomingMessage): Promise<AttemptOutcome> {
  const { statusCode: status = 0 } = answer;
  try {
    if (status < REDIRECTED) return { status, problem: null, response: null };
    const problem =
      status < NOT_OK
        ? `The receiver answered ${status}, and redirects are not followed.`
        : `The receiver answered ${status}.`;
    return { status, problem, response: await beginningOf(answer) };
  } finally {
    answer.destroy();
  }
}

/** The first characters of a body; null for an empty one, and for one that breaks off before. */
async function beginningOf(answer: IncomingMessage): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      sizeBytes += chunk.byteLength;
      if (sizeBytes >= SHOWN_BYTES) break;
    }
  } catch {
    // The status is known, and says enough.
  }
  const text = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, SHOWN_BYTES));
  return text === '' ? null : text.slice(0, SHOWN_CHARACTERS);
}

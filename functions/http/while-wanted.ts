// Ends work that nobody waits for any more: its client has gone, or has said for how long it waits.

import { FoveaError } from '../../core/errors/errors.ts';

/** The largest delay of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Runs work with a signal that is aborted when the client closes its connection, or when the time of {@link readDeadlineMs} has passed.
 * @throws what the work throws. The signal's reason is a {@link FoveaError}, `body-unreadable` or `deadline-passed`.
 */
export async function whileWanted<T>(
  { headers, signal: client }: Request,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const wanted = new AbortController();
  const leave = () => wanted.abort(clientGone());
  if (client.aborted) leave();
  client.addEventListener('abort', leave);
  const deadlineMs = readDeadlineMs(headers);
  const timer =
    deadlineMs === undefined ? undefined : setTimeout(() => wanted.abort(tooLate(deadlineMs)), deadlineMs);
  try {
    return await work(wanted.signal);
  } finally {
    clearTimeout(timer);
    client.removeEventListener('abort', leave);
  }
}

/** How a header tells the time, and the milliseconds of its unit. */
const DEADLINE_HEADERS: readonly (readonly [name: string, value: RegExp, unitMs: number])[] = [
  // RFC 7240; Replicate's clients send it.
  ['prefer', /(?:^|,)\s*wait\s*=\s*"?(\d+(?:\.\d+)?)"?\s*(?:[,;]|$)/i, 1000],
  // OpenAI's clients, for JavaScript and for Python.
  ['x-stainless-timeout', /^(\d+(?:\.\d+)?)$/, 1000],
  ['x-stainless-read-timeout', /^(\d+(?:\.\d+)?)$/, 1000],
  // Envoy, and meshes that are made of it.
  ['x-envoy-expected-rq-timeout-ms', /^(\d+)$/, 1],
];

/**
 * For how long the client waits, in milliseconds: the shortest time of `Prefer: wait=SECONDS`, `X-Stainless-Timeout`,
 * `X-Stainless-Read-Timeout` and `X-Envoy-Expected-Rq-Timeout-Ms`. `undefined` where none tells; 0 and what cannot be read tell nothing.
 */
export function readDeadlineMs(headers: Headers): number | undefined {
  const times = DEADLINE_HEADERS.map(
    ([name, value, unitMs]) => Number(value.exec(headers.get(name) ?? '')?.[1] ?? 0) * unitMs,
  ).filter((ms) => ms > 0);
  return times.length === 0 ? undefined : Math.min(...times, LONGEST_MS);
}

// Nobody reads it; it tells the log.
const clientGone = () =>
  new FoveaError('body-unreadable', 'The client went away before the request was answered.');

const tooLate = (deadlineMs: number) =>
  new FoveaError(
    'deadline-passed',
    `The ${deadlineMs} ms that the client waits have passed before the prediction was made. Send the request again, or wait longer.`,
    { details: { deadline_ms: deadlineMs } },
  );

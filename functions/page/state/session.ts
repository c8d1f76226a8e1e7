// The API key of this tab and the client that uses it; whether the server answers.

import { batch, computed, signal } from '@preact/signals';
import { ConnectionError } from '../../../client/api-error.ts';
import { createClient } from '../../../client/create-client.ts';

/** Where the API key is kept: for this tab, until it is closed. */
const KEY_ITEM = 'fovea-api-key';
const UNAUTHORIZED = 401;

/** The API key; null where none was entered. */
export const apiKey = signal(sessionStorage.getItem(KEY_ITEM));
/** Set while the page asks for a key: what is wrong with the one before, or '' where there was none. */
export const keyProblem = signal<string | null>(null);
/** Whether the server answers. */
export const health = signal<'connecting' | 'up' | 'needs-key' | 'down'>('connecting');

/** The first refusal of several requests that come together stays. */
async function askForKey(response: Response, hadKey: boolean): Promise<void> {
  const body: { error?: { message?: string } } = await response.json().catch(() => ({}));
  sessionStorage.removeItem(KEY_ITEM);
  health.value = 'needs-key';
  keyProblem.value ??= hadKey ? (body.error?.message ?? '') : '';
}

/** How long a question waits until the page says so. */
const SLOW_MS = 6000;
/** The number of questions that wait for long. */
export const slowQuestions = signal(0);

/** Sends a request, and counts it while it waits for long. What brings or changes something may take its time. */
async function timedFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  if ((init?.method ?? 'GET') !== 'GET') return fetch(input, init);
  let isCounted = false;
  const timer = setTimeout(() => {
    isCounted = true;
    slowQuestions.value += 1;
  }, SLOW_MS);
  try {
    return await fetch(input, init);
  } finally {
    clearTimeout(timer);
    if (isCounted) slowQuestions.value -= 1;
  }
}

const watchedFetch: typeof fetch = async (input, init) => {
  const key = apiKey.value;
  const response = await timedFetch(input, init);
  if (response.status === UNAUTHORIZED && key === apiKey.value)
    await askForKey(response.clone(), key !== null);
  return response;
};

/** The client of this server, with the key of this tab. */
export const client = computed(() =>
  createClient({
    url: location.origin,
    fetch: watchedFetch,
    ...(apiKey.value === null ? {} : { key: apiKey.value }),
  }),
);

/** Takes the key that was entered. */
export function takeKey(key: string): void {
  sessionStorage.setItem(KEY_ITEM, key);
  batch(() => {
    keyProblem.value = null;
    health.value = 'connecting';
    apiKey.value = key;
  });
}

/** Asks for a path of the API that the client has no call for, or whose answer is a file. @throws {ConnectionError} */
export async function askFile(path: string): Promise<Response> {
  const headers = apiKey.value === null ? {} : { headers: { authorization: `Bearer ${apiKey.value}` } };
  try {
    return await watchedFetch(path, headers);
  } catch (error) {
    throw new ConnectionError(location.origin, error);
  }
}

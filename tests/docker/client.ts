// A client of the installation that goes on through restarts: it sends again what was not answered, as clients of servers do.

import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyJson } from '../support/test-app.ts';
import { fetchWithin } from './fetch-within.ts';
import type { Access } from './installation.ts';

const POLL_MS = 300;
const TIMEOUT_MS = 600_000;
const REQUEST_TIMEOUT_MS = 60_000;

export type Client = ReturnType<typeof createClient>;

/** @param access what `access` prints. */
export function createClient({ FOVEA_URL: url = '', FOVEA_API_KEY: key }: Access) {
  const authorization = `Bearer ${key}`;

  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + TIMEOUT_MS;
    while (Date.now() < deadline) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(POLL_MS);
    }
    throw new Error(`${what} did not happen within ${TIMEOUT_MS} ms.`);
  }

  /** The body of the answer 200; a lost connection and a 5xx are tried again. @throws for any other answer. */
  const request = (
    method: string,
    route: string,
    body?: string | Uint8Array<ArrayBuffer>,
    type = 'application/json',
  ) =>
    until(`${method} ${route}`, async (): Promise<AnyJson | undefined> => {
      const headers = { authorization, ...(body === undefined ? {} : { 'content-type': type }) };
      const answer = await fetchWithin(REQUEST_TIMEOUT_MS, url + route, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const text = await answer?.text().catch(() => undefined);
      if (answer === undefined || text === undefined || answer.status >= 500) return undefined;
      if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text}`);
      return JSON.parse(text);
    });

  const job = (id: string) => request('GET', `/v1/fine_tuning/jobs/${id}`);
  return {
    url,
    until,
    request,
    job,
    events: async (id: string): Promise<AnyJson[]> =>
      (await request('GET', `/v1/fine_tuning/jobs/${id}/events?limit=100`)).data,
    /** Its record when it is over. */
    ended: (id: string) =>
      until(`the end of ${id}`, async () => {
        const record = await job(id);
        return ['succeeded', 'failed', 'cancelled'].includes(record.status) ? record : undefined;
      }),
    predict: (model: string, picture: Uint8Array<ArrayBuffer>) =>
      request('POST', `/v1/models/${model}/predict`, picture, 'image/png'),
  };
}

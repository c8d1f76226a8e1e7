// Delivers to webhooks: from a server again and again, beside the requests; from a function for a while, when it is called.

import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookReceivers } from '../core/environment.ts';
import { createWorkLoop } from '../core/job/queues/local/work-loop.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import { createDeliverer, type Deliverer } from '../core/webhook/deliverer.ts';
import { createEventPoster } from '../core/webhook/post-event.ts';
import type { Logger } from './deps/logger.ts';

/** How often an idle server looks into a folder. */
const FOLDER_POLL_MS = 1000;
/** The same for a bucket, where a look costs a request. */
const BUCKET_POLL_MS = 5000;
const RETRY_MS = 30_000;
/** How long attempts in hand may take when the server stops. */
const STOP_MS = 3000;

/** How long a function that is called for a while waits for what is due soon: longer than the first pause after a failure. */
const SOON_MS = 8000;
/** How long it begins attempts; each takes 15 seconds at most, and the function has five minutes. */
const CALL_MS = 30_000;

/** What is delivered, and whom it may reach. */
export interface DeliverWebhooksOptions {
  readonly store: ObjectStore;
  readonly receivers: WebhookReceivers;
  readonly logger: Logger;
}

/** @param onSettled told when an attempt is over. */
const openDeliverer = (
  { store, receivers, logger }: DeliverWebhooksOptions,
  onSettled?: () => void,
): Deliverer =>
  createDeliverer({
    store,
    now: Date.now,
    post: createEventPoster({ receivers, now: Date.now }),
    onSettled,
    onError: (error, at) => logger.warn('a webhook was not told of an event', { ...at, error }),
  });

/**
 * Starts delivering.
 * @returns a function that ends it. Attempts that are not over within some seconds are made by whoever comes next.
 */
export function deliverWebhooks(options: DeliverWebhooksOptions): () => Promise<void> {
  const { store, logger } = options;
  const deliverer = openDeliverer(options, () => loop.wake());
  const loop = createWorkLoop({
    step: async () => (await deliverer.step()).started > 0,
    pollMs: store.url.startsWith('s3:') ? BUCKET_POLL_MS : FOLDER_POLL_MS,
    retryMs: RETRY_MS,
    onError: (error) => logger.warn('deliveries to webhooks were not looked for', { error }),
  });
  loop.start();
  return async () => {
    await loop.stop();
    await Promise.race([deliverer.settled(), sleep(STOP_MS, undefined, { ref: false })]);
    await deliverer.stop();
  };
}

/** Delivers what is due now or soon, and ends. What is due later is for the next call. */
export async function deliverDue(options: DeliverWebhooksOptions): Promise<void> {
  const deliverer = openDeliverer(options);
  const endMs = Date.now() + CALL_MS;
  for (;;) {
    const { started, nextMs } = await deliverer.step();
    await deliverer.settled();
    const waitMs = started > 0 ? 0 : (nextMs ?? Number.POSITIVE_INFINITY) - Date.now();
    if (waitMs > SOON_MS || Date.now() + waitMs > endMs) return;
    await sleep(Math.max(0, waitMs));
  }
}

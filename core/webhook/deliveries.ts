// The deliveries of a store: made once for each event and webhook, listed, and attempted again where somebody asks. A delivery that is pending
// has an object in the queue, whose key says when it is due. The record decides, and the key only finds it: it is written after the record
// says so, and the one before is deleted after that. So a crash leaves a key too many, never one too few.

import { mapConcurrently } from '../concurrently.ts';
import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { createJson, isUnreadable, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { takePage } from '../storage/take-page.ts';
import { DELIVERY_RECORD, type Delivery, deliveryIdOf } from './delivery.ts';
import type { WebhookEvent } from './webhook-event.ts';

/** The deliveries of a store. */
export interface Deliveries {
  /** Makes the delivery of an event to a webhook, due now. Where there is one already, it stays as it is. */
  create(webhookId: string, event: WebhookEvent): Promise<Delivery>;
  /** The delivery of an id. @throws {FoveaError} `webhook-delivery-not-found`, `record-invalid`, `format-newer`. */
  get(webhookId: string, deliveryId: string): Promise<Delivery>;
  /** The same; undefined where there is none. */
  find(webhookId: string, deliveryId: string): Promise<Delivery | undefined>;
  /** One page, newest event first. Those that cannot be read are left out. */
  list(
    webhookId: string,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<{ readonly deliveries: readonly Delivery[]; readonly hasMore: boolean }>;
  /** Makes a delivery due now, whatever came of it. @throws {FoveaError} `webhook-delivery-not-found`. */
  redeliver(webhookId: string, deliveryId: string): Promise<Delivery>;
  /**
   * Changes a delivery by compare-and-swap, and keeps its key in the queue.
   * @param dueKey the key that led to it, which goes where it leads there no longer.
   * @param change returns undefined to change nothing.
   */
  update(
    delivery: Pick<Delivery, 'webhookId' | 'id'>,
    dueKey: string | undefined,
    change: (delivery: Delivery) => Delivery | undefined,
  ): Promise<Delivery>;
}

/** The store and the clock. */
export interface DeliveriesDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Opens the deliveries of a store. */
export function createDeliveries({ store, now }: DeliveriesDeps): Deliveries {
  const find = async (webhookId: string, deliveryId: string) =>
    (await readJson(store, keys.webhookDelivery(webhookId, deliveryId), DELIVERY_RECORD))?.value;
  const get = async (webhookId: string, deliveryId: string) => {
    const delivery = await find(webhookId, deliveryId);
    if (delivery === undefined) throw deliveryNotFound(webhookId, deliveryId);
    return delivery;
  };
  /** Writes the key of a pending delivery. @returns the key. */
  const queue = async ({ webhookId, id, nextAttemptAtMs }: Delivery) => {
    if (nextAttemptAtMs === null) return undefined;
    const key = keys.webhookDue(webhookId, id, nextAttemptAtMs);
    await store.put(key, '');
    return key;
  };
  const update: Deliveries['update'] = async ({ webhookId, id }, dueKey, change) => {
    const key = keys.webhookDelivery(webhookId, id);
    const { value } = await updateJson(store, key, DELIVERY_RECORD, change).catch((error: unknown) => {
      throw isFoveaError(error, 'record-missing') ? deliveryNotFound(webhookId, id) : error;
    });
    const due = await queue(value);
    if (dueKey !== undefined && dueKey !== due) await store.delete(dueKey);
    return value;
  };

  return {
    find,
    get,
    update,
    async create(webhookId, event) {
      const id = deliveryIdOf(event);
      const delivery: Delivery = {
        id,
        webhookId,
        event,
        status: 'pending',
        nextAttemptAtMs: now(),
        failures: 0,
        attempts: [],
      };
      try {
        await createJson(store, keys.webhookDelivery(webhookId, id), DELIVERY_RECORD, delivery);
        await queue(delivery);
        return delivery;
      } catch (error) {
        if (!(error instanceof PreconditionFailedError)) throw error;
      }
      // Whoever made it may have been killed before the key was written.
      const earlier = await get(webhookId, id);
      await queue(earlier);
      return earlier;
    },
    async list(webhookId, { after, limit }) {
      const startAfter = after === undefined ? {} : { startAfter: keys.webhookDelivery(webhookId, after) };
      const { items, hasMore } = await takePage(
        store.list(keys.webhookDeliveries(webhookId), startAfter),
        limit,
      );
      const found = await mapConcurrently(items, async ({ key }) => {
        try {
          return (await readJson(store, key, DELIVERY_RECORD))?.value;
        } catch (error) {
          if (isUnreadable(error)) return undefined;
          throw error;
        }
      });
      return { deliveries: found.filter((delivery) => delivery !== undefined), hasMore };
    },
    redeliver: (webhookId, id) =>
      update({ webhookId, id }, undefined, (delivery) => ({
        ...delivery,
        status: 'pending',
        problem: undefined,
        nextAttemptAtMs: now(),
        failures: 0,
      })),
  };
}

const deliveryNotFound = (webhookId: string, deliveryId: string) =>
  new FoveaError(
    'webhook-delivery-not-found',
    `Webhook "${webhookId}" has no delivery "${deliveryId}". GET /v1/webhooks/${webhookId}/deliveries lists those that there are.`,
    { param: 'delivery_id' },
  );

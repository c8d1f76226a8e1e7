// The webhooks of a store: created, listed, changed, rotated and removed. Knows no HTTP and delivers nothing.

import { mapConcurrently } from '../concurrently.ts';
import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { type IdParts, idDigits } from '../id-digits.ts';
import { newestFirst } from '../newest-first.ts';
import { createJson, isUnreadable, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { takePage } from '../storage/take-page.ts';
import { createWebhookSecret } from './sign-webhook.ts';
import { WEBHOOK_RECORD, type WebhookRecord } from './webhook-record.ts';

/** Every event is looked at for each of them. */
export const MOST_WEBHOOKS = 100;
/** Former secrets that are kept: more than anybody rotates within a week, and few signatures in a header. */
const MOST_FORMER_SECRETS = 8;
const RANDOM_BYTES = 8;
const ID_PATTERN = /^wh_[A-Za-z0-9_]+$/;

/** What whoever makes a webhook says of it. */
export type NewWebhook = Pick<WebhookRecord, 'url' | 'events' | 'description' | 'createdBy'>;

/** The webhooks of a store. */
export interface WebhookRecords {
  /**
   * Makes a webhook with a secret of its own. Where there is one of the same id, it stays as it is.
   * @param idParts what its id is made of. Default: now, and random ones.
   * @throws {FoveaError} `webhooks-full`.
   */
  create(webhook: NewWebhook, idParts?: IdParts): Promise<WebhookRecord>;
  /** The webhook of an id. @throws {FoveaError} `webhook-not-found`, `record-invalid`, `format-newer`. */
  get(id: string): Promise<WebhookRecord>;
  /** The same; undefined where there is none. */
  find(id: string): Promise<WebhookRecord | undefined>;
  /** One page, newest first. Those that cannot be read are left out. */
  list(page: { readonly after?: string | undefined; readonly limit: number }): Promise<{
    readonly webhooks: readonly WebhookRecord[];
    readonly hasMore: boolean;
  }>;
  /** All that can be read. */
  all(): Promise<readonly WebhookRecord[]>;
  /**
   * Changes a webhook by compare-and-swap; `change` returns undefined to change nothing.
   * @throws {FoveaError} `webhook-not-found`.
   */
  update(id: string, change: (webhook: WebhookRecord) => WebhookRecord | undefined): Promise<WebhookRecord>;
  /**
   * Gives a webhook a new secret, beside which the ones before sign for as long as they may.
   * @param graceSeconds how long the present one signs; with 0, only the new one does.
   * @throws {FoveaError} `webhook-not-found`.
   */
  rotate(id: string, graceSeconds: number): Promise<WebhookRecord>;
  /** Erases a webhook, also a damaged one, with its deliveries. @throws {FoveaError} `webhook-not-found`. */
  remove(id: string): Promise<void>;
}

/** The store and the clock. */
export interface WebhookRecordsDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Opens the webhooks of a store. */
export function createWebhookRecords({ store, now }: WebhookRecordsDeps): WebhookRecords {
  const nowSeconds = () => Math.floor(now() / 1000);
  const find = async (id: string) => (await readJson(store, keys.webhook(id), WEBHOOK_RECORD))?.value;
  const readable = async (ids: readonly string[]) => {
    const found = await mapConcurrently(ids, async (id) => {
      try {
        return await find(id);
      } catch (error) {
        if (isUnreadable(error)) return undefined;
        throw error;
      }
    });
    return found.filter((webhook) => webhook !== undefined);
  };
  const ids = (after?: string) =>
    idsOf(store.list(keys.webhooks(), after === undefined ? {} : { startAfter: keys.webhook(after) }));
  const update: WebhookRecords['update'] = async (id, change) => {
    try {
      return (await updateJson(store, keys.webhook(id), WEBHOOK_RECORD, change)).value;
    } catch (error) {
      throw isFoveaError(error, 'record-missing') ? webhookNotFound(id) : error;
    }
  };

  return {
    find,
    update,
    async create(webhook, idParts) {
      const nowMs = now();
      const id = `wh_${newestFirst(idParts?.ms ?? nowMs)}${idDigits(RANDOM_BYTES, idParts?.digits)}`;
      const earlier = idParts && (await find(id));
      if (earlier !== undefined) return earlier;
      if ((await takePage(ids(), MOST_WEBHOOKS)).items.length === MOST_WEBHOOKS)
        throw new FoveaError(
          'webhooks-full',
          `There are ${MOST_WEBHOOKS} webhooks, and no more are allowed. Delete one that is not needed (DELETE /v1/webhooks/{webhook_id}).`,
        );
      const record: WebhookRecord = {
        ...webhook,
        id,
        secrets: [{ secret: createWebhookSecret() }],
        createdAt: Math.floor(nowMs / 1000),
      };
      await createJson(store, keys.webhook(record.id), WEBHOOK_RECORD, record);
      return record;
    },
    async get(id) {
      const webhook = await find(id);
      if (webhook === undefined) throw webhookNotFound(id);
      return webhook;
    },
    async list({ after, limit }) {
      const { items, hasMore } = await takePage(ids(after), limit);
      return { webhooks: await readable(items), hasMore };
    },
    all: async () => readable((await takePage(ids(), MOST_WEBHOOKS)).items),
    rotate: (id, graceSeconds) =>
      update(id, (webhook) => {
        const [present, ...former] = webhook.secrets;
        const end = nowSeconds() + graceSeconds;
        const kept =
          graceSeconds === 0 || present === undefined
            ? []
            : [
                { ...present, validUntil: end },
                ...former.filter(({ validUntil = 0 }) => validUntil > nowSeconds()),
              ];
        return {
          ...webhook,
          secrets: [{ secret: createWebhookSecret() }, ...kept.slice(0, MOST_FORMER_SECRETS)],
          rotatedAt: nowSeconds(),
        };
      }),
    async remove(id) {
      if ((await store.head(keys.webhook(id))) === undefined) throw webhookNotFound(id);
      // The record goes last, so that what a crash leaves is still found.
      await store.eraseAll(keys.webhookDues(id));
      await store.eraseAll(keys.webhookDeliveries(id));
      await store.erase(keys.webhook(id));
    },
  };
}

/** The ids of webhooks in a listing. Other objects are none. */
async function* idsOf(objects: AsyncIterable<{ readonly key: string }>): AsyncGenerator<string> {
  for await (const { key } of objects) {
    const id = key.slice(keys.webhooks().length).replace(/\.json$/, '');
    if (ID_PATTERN.test(id) && key === keys.webhook(id)) yield id;
  }
}

/** The error `webhook-not-found`. */
const webhookNotFound = (id: string): FoveaError =>
  new FoveaError(
    'webhook-not-found',
    `There is no webhook "${id}". GET /v1/webhooks lists those that there are.`,
    {
      param: 'webhook_id',
    },
  );

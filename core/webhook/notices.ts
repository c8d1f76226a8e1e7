// Notices of what happened and no webhook has been told: an object each, which whoever makes it happen writes, and whoever delivers deletes
// once every webhook has its delivery. So nothing is lost where either is killed. Knows nothing of webhooks.

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';
import { readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { withFormat } from '../storage/parse-stored.ts';
import { stringifyWithUnknown } from '../storage/unknown-fields.ts';
import { type WebhookEvent, WebhookEventSchema } from './webhook-event.ts';

const NOTICE = {
  ...FORMATS.webhookNotice,
  schema: z.object({
    /** Absent where there is only something due. */
    event: WebhookEventSchema.optional(),
  }),
};
/** What a notice says. */
export type Notice = z.infer<typeof NOTICE.schema>;

const RANDOM_BYTES = 12;

/** The notices of a store. */
export interface Notices {
  /** Gives notice of an event. Doing so twice is doing so once. */
  add(event: WebhookEvent): Promise<void>;
  /** Tells whoever waits for notices that a delivery is due. */
  wake(): Promise<void>;
  /** Keys of all notices. */
  keys(): AsyncIterable<string>;
  /** The notice of a key; undefined where it is gone. @throws {FoveaError} `record-invalid`, `format-newer`. */
  read(key: string): Promise<Notice | undefined>;
  remove(key: string): Promise<void>;
}

/** Opens the notices of a store. */
export function createNotices(store: ObjectStore): Notices {
  const put = async (id: string, notice: Notice) => {
    await store.put(keys.webhookNotice(id), stringifyWithUnknown(withFormat(NOTICE, notice)), {
      contentType: 'application/json',
    });
  };
  return {
    add: (event) => put(event.id, { event }),
    wake: () => put(`wake-${randomBytes(RANDOM_BYTES).toString('hex')}`, {}),
    async *keys() {
      for await (const { key } of store.list(keys.webhookNotices())) yield key;
    },
    read: async (key) => (await readJson(store, key, NOTICE))?.value,
    remove: (key) => store.delete(key),
  };
}

// Who changed what: one object for each request that changes something, written once and never changed. Knows no HTTP. It names datasets,
// models, jobs and keys, and no picture: deleted pictures leave nothing here.

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { mapConcurrently } from '../concurrently.ts';
import { newestFirst } from '../newest-first.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { takePage } from '../storage/take-page.ts';

/** What is recorded of a request. */
export const AuditEntrySchema = z.object({
  id: z.string().describe('The id of the entry.'),
  createdAt: z.number().int().describe('When the request was answered, in Unix seconds.'),
  key: z.string().nullable().describe('The name of the API key; null where the server requires none.'),
  operation: z.string().describe('What was asked for: the `operationId` of the API description.'),
  target: z
    .record(z.string(), z.string())
    .describe('The datasets, models, jobs and keys that the request names, by what they are.'),
  status: z.number().int().describe('The HTTP status of the answer.'),
  requestId: z.string().describe('The id of the request in the log.'),
});
/** One of {@link AuditEntrySchema}. */
export type AuditEntry = z.infer<typeof AuditEntrySchema>;

const AUDIT_ENTRY = { ...FORMATS.auditEntry, schema: AuditEntrySchema };

/** The log of a store. */
export interface AuditLog {
  append(entry: Omit<AuditEntry, 'id' | 'createdAt'>): Promise<void>;
  /** One page, newest first. Entries that cannot be read are left out. */
  list(page: {
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<{ readonly entries: readonly AuditEntry[]; readonly hasMore: boolean }>;
}

/** The store and the clock. */
export interface AuditLogDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const RANDOM_BYTES = 6;

/** Opens the log of a store. */
export function createAuditLog({ store, now }: AuditLogDeps): AuditLog {
  return {
    async append(entry) {
      const nowMs = now();
      const id = `audit-${newestFirst(nowMs)}-${randomBytes(RANDOM_BYTES).toString('hex')}`;
      await createJson(store, keys.auditEntry(id), AUDIT_ENTRY, {
        id,
        createdAt: Math.floor(nowMs / 1000),
        ...entry,
      });
    },
    async list({ after, limit }) {
      const startAfter = after === undefined ? {} : { startAfter: keys.auditEntry(after) };
      const { items, hasMore } = await takePage(store.list(keys.audit(), startAfter), limit);
      const entries = await mapConcurrently(items, async ({ key }) => {
        try {
          return (await readJson(store, key, AUDIT_ENTRY))?.value;
        } catch (error) {
          if (isUnreadable(error)) return undefined;
          throw error;
        }
      });
      return { entries: entries.filter((entry) => entry !== undefined), hasMore };
    },
  };
}

// Answers to requests with an idempotency key, kept so that the same request is answered again and done once. Knows no HTTP.

import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';

/** A request may take as long as a function lives; one that has been at work for longer has died. */
const DEAD_AFTER_MS = 15 * 60_000;

const KEPT_ANSWER = {
  ...FORMATS.keptAnswer,
  schema: z.object({
    operation: z.string(),
    /** Names what the request makes, so that one who takes over makes the same. */
    id: z.string(),
    /** When the key was used first, in Unix milliseconds. Earlier versions wrote none. */
    sinceMs: z.number().int().optional(),
    /** Who works on it, and since when, in Unix milliseconds; null where that has failed. */
    claim: z.object({ owner: z.string(), atMs: z.number().int() }).nullable(),
    answer: z
      .object({
        /** Hash of the request that it answers. */
        requestHash: z.string(),
        status: z.number().int(),
        contentType: z.string(),
        body: z.string(),
      })
      .optional(),
  }),
};

/** An answer, with the hash of the request that it answers. */
export type KeptAnswer = NonNullable<z.infer<typeof KEPT_ANSWER.schema>['answer']>;

/** Who asks for what, under which key. */
export interface IdempotentRequest {
  /** Name of the API key, whose clients share idempotency keys; undefined where none is needed. */
  readonly client: string | undefined;
  readonly operation: string;
  readonly key: string;
}

/** What is known of a key: its answer, that somebody is at work on it, or that the caller has to do the work. */
export type Claimed =
  | { readonly state: 'answered'; readonly answer: KeptAnswer }
  | { readonly state: 'at-work' }
  | {
      readonly state: 'mine';
      /** Names what the request makes, and when that was asked for first, in Unix milliseconds. */
      readonly id: string;
      readonly sinceMs: number;
      /** Keeps the answer; without one, the key is free again. */
      readonly end: (answer: KeptAnswer | undefined) => Promise<void>;
    };

/** The kept answers of a store. */
export interface KeptAnswers {
  /** Claims a key, where nobody else has it. */
  claim(request: IdempotentRequest): Promise<Claimed>;
}

/** Opens the kept answers of a store. @param deps `now`: Unix milliseconds. */
export function createKeptAnswers({
  store,
  now,
}: {
  readonly store: ObjectStore;
  readonly now: () => number;
}): KeptAnswers {
  return {
    async claim({ client, operation, key: asked }) {
      const key = keys.idempotency(hashOf(JSON.stringify([client ?? null, operation, asked])));
      const claim = { owner: randomUUID(), atMs: now() };
      const mine = (id: string, sinceMs: number): Claimed => ({
        state: 'mine',
        id,
        sinceMs,
        end: async (answer) => {
          await updateJson(store, key, KEPT_ANSWER, (record) =>
            record.claim?.owner === claim.owner
              ? { ...record, claim: null, ...(answer === undefined ? {} : { answer }) }
              : undefined,
          );
        },
      });
      const id = randomUUID();
      try {
        await createJson(store, key, KEPT_ANSWER, { operation, id, sinceMs: claim.atMs, claim });
        return mine(id, claim.atMs);
      } catch (error) {
        if (!(error instanceof PreconditionFailedError)) throw error;
      }
      const { value } = (await readJson(store, key, KEPT_ANSWER)) ?? {};
      if (value?.answer !== undefined) return { state: 'answered', answer: value.answer };
      const taken = await updateJson(store, key, KEPT_ANSWER, (record) => {
        const isFree = record.claim === null || now() - record.claim.atMs > DEAD_AFTER_MS;
        return record.answer === undefined && isFree ? { ...record, claim } : undefined;
      });
      if (taken.value.answer !== undefined) return { state: 'answered', answer: taken.value.answer };
      const { id: made, sinceMs = claim.atMs } = taken.value;
      return taken.value.claim?.owner === claim.owner ? mine(made, sinceMs) : { state: 'at-work' };
    },
  };
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

// What became of requests with an idempotency key, kept so that the same request is done once and answered again. Knows no HTTP.

import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';
import { createJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';

/** How often a request that is at work renews its claim. */
const RENEW_MS = 5000;
/** A claim that is silent for as long may be one whose request has died: two renewals are missing. */
const SILENT_MS = 2 * RENEW_MS;
/** A claim that is silent for as long is free: longer than storage that fails is tried again. */
const DEAD_AFTER_MS = 45_000;
/** The same of earlier versions, which renew nothing: a request may take as long as a function lives. */
const DEAD_UNRENEWED_MS = 15 * 60_000;

const ClaimSchema = z.object({
  owner: z.string(),
  /** When it was taken, or renewed last, in Unix milliseconds. */
  atMs: z.number().int(),
  /** Whether its owner renews it. Earlier versions do not. */
  isRenewed: z.boolean().optional(),
});

const KEPT_ANSWER = {
  ...FORMATS.keptAnswer,
  schema: z.object({
    operation: z.string(),
    /** Names what the request makes, so that one who takes over makes the same. */
    id: z.string(),
    /** When the key was used first, in Unix milliseconds. Earlier versions wrote none. */
    sinceMs: z.number().int().optional(),
    /** What the client was allowed, as {@link IdempotentRequest.rights}. Earlier versions wrote none. */
    rights: z.string().optional(),
    /** Who works on it; null where that has failed. */
    claim: ClaimSchema.nullable(),
    answer: z
      .object({
        /** Hash of the request that it answers. */
        requestHash: z.string(),
        status: z.number().int(),
        contentType: z.string(),
        body: z.string(),
        /** Whether the body is not that of the answer, but the ids of what was made, in JSON. */
        isMade: z.boolean().optional(),
      })
      .optional(),
  }),
};
type KeptRecord = z.infer<typeof KEPT_ANSWER.schema>;

/** An answer, with the hash of the request that it answers. */
export type KeptAnswer = NonNullable<KeptRecord['answer']>;

/** Who asks for what, under which key. */
export interface IdempotentRequest {
  /** Name of the API key, whose clients share idempotency keys; undefined where none is needed. */
  readonly client: string | undefined;
  /** A text that is another one where an API key of the same name is allowed something else, or was made anew. */
  readonly rights: string;
  readonly operation: string;
  readonly key: string;
}

/** What a request with a key makes is named by it. */
interface Naming {
  /** Names what the request makes. */
  readonly id: string;
  /** When that was asked for first, in Unix milliseconds. */
  readonly sinceMs: number;
}

/** What is known of a key: its answer, that somebody is at work on it, that it is another's, or that the caller has to do the work. */
export type Claimed =
  | (Naming & { readonly state: 'answered'; readonly answer: KeptAnswer })
  | {
      readonly state: 'at-work';
      /** Where whoever is at work may have died: for how long nothing was heard, and when the key will be free, in milliseconds from now. */
      readonly silence: { readonly silentMs: number; readonly freeInMs: number } | undefined;
    }
  | { readonly state: 'of-others' }
  | (Naming & {
      readonly state: 'mine';
      /** Keeps the answer; without one, the key is free again. */
      readonly end: (answer: KeptAnswer | undefined) => Promise<void>;
    });

/** The kept answers of a store. */
export interface KeptAnswers {
  /** Claims a key, where nobody else has it. The claim is renewed until its end. */
  claim(request: IdempotentRequest): Promise<Claimed>;
}

/** The store and the clock. */
export interface KeptAnswersDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** How often claims are renewed, in milliseconds. Default: every 5 seconds. */
  readonly renewMs?: number;
}

/** Opens the kept answers of a store. */
export function createKeptAnswers({ store, now, renewMs = RENEW_MS }: KeptAnswersDeps): KeptAnswers {
  const silentMsOf = ({ claim }: KeptRecord) => (claim === null ? 0 : now() - claim.atMs);

  /** The claim of an owner, which is renewed from now on. */
  function toMine(key: string, owner: string, naming: Naming): Claimed {
    const change = (next: (record: KeptRecord) => KeptRecord) =>
      updateJson(store, key, KEPT_ANSWER, (record) =>
        record.claim?.owner === owner ? next(record) : undefined,
      );
    // One that fails is made up for by the next.
    const renew = () =>
      change((record) => ({ ...record, claim: { owner, atMs: now(), isRenewed: true } })).catch(
        () => undefined,
      );
    const timer = setInterval(renew, renewMs).unref();
    return {
      state: 'mine',
      ...naming,
      async end(answer) {
        clearInterval(timer);
        await change((record) => ({ ...record, claim: null, ...(answer === undefined ? {} : { answer }) }));
      },
    };
  }

  return {
    async claim({ client, rights, operation, key: asked }) {
      const key = keys.idempotency(hashOf(JSON.stringify([client ?? null, operation, asked])));
      const owner = randomUUID();
      const claim = { owner, atMs: now(), isRenewed: true };
      const naming = { id: randomUUID(), sinceMs: claim.atMs };
      try {
        await createJson(store, key, KEPT_ANSWER, { operation, ...naming, rights, claim });
        return toMine(key, owner, naming);
      } catch (error) {
        if (!(error instanceof PreconditionFailedError)) throw error;
      }
      const { value: found } = await updateJson(store, key, KEPT_ANSWER, (record) => {
        const isFree = record.claim === null || silentMsOf(record) > deadAfterMs(record);
        if (record.answer !== undefined || !isFree) return undefined;
        // What others have begun is not gone on with.
        return { ...record, ...(isOf(record, rights) ? {} : naming), rights, claim };
      });
      const { id, sinceMs = claim.atMs, answer } = found;
      if (found.claim?.owner === owner) return toMine(key, owner, { id, sinceMs });
      if (!isOf(found, rights)) return { state: 'of-others' };
      if (answer !== undefined) return { state: 'answered', id, sinceMs, answer };
      const silentMs = silentMsOf(found);
      const mayBeDead = found.claim?.isRenewed === true && silentMs > SILENT_MS;
      const freeInMs = Math.max(0, deadAfterMs(found) - silentMs);
      return { state: 'at-work', silence: mayBeDead ? { silentMs, freeInMs } : undefined };
    },
  };
}

const isOf = (record: KeptRecord, rights: string) => (record.rights ?? rights) === rights;
const deadAfterMs = ({ claim }: KeptRecord) =>
  claim?.isRenewed === true ? DEAD_AFTER_MS : DEAD_UNRENEWED_MS;
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

// Delivers: makes a delivery of each notice for each webhook that asks for it, and attempts what is due, fairly between webhooks. Any number of
// processes may do so on one store: whoever attempts a delivery has moved its next attempt ahead before. Knows no server.

import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { isUnreadable } from '../storage/json.ts';
import { keys, NOTICES_FOLDER } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { createDeliveries } from './deliveries.ts';
import type { AttemptOutcome, Delivery } from './delivery.ts';
import { createNotices } from './notices.ts';
import type { PostEvent } from './post-event.ts';
import { FAILING_SECONDS, retryPauseMs } from './retry-times.ts';
import { signingSecrets, type WebhookRecord } from './webhook-record.ts';
import { createWebhookRecords } from './webhook-records.ts';

/** Attempts at once, in all and for one webhook. One whose last attempt failed has one at a time. */
const MOST_AT_ONCE = 32;
const MOST_FOR_ONE = 4;
/** How far the next attempt is moved ahead while one is made: longer than it takes, short for who waits after a crash. */
const CLAIM_MS = 60_000;
/** How long a delivery rests that could not be attempted, since the store failed. */
const REST_MS = 30_000;
const MOST_ATTEMPTS_KEPT = 30;
const GONE = 410;

/** What delivers. */
export interface Deliverer {
  /**
   * Makes deliveries of all notices, and begins what is due and has room.
   * @returns how many attempts began; when the next one that waits for its time is due, in Unix milliseconds.
   */
  step(): Promise<{ readonly started: number; readonly nextMs: number | undefined }>;
  /** Resolves once no attempt is in hand. */
  settled(): Promise<void>;
  /** Breaks off what is in hand; it is due at once for whoever comes next. */
  stop(): Promise<void>;
}

/** What a deliverer works with. */
export interface DelivererDeps {
  readonly store: ObjectStore;
  readonly post: PostEvent;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** In [0, 1). Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Told when an attempt is over, so that another may begin. */
  readonly onSettled?: (() => void) | undefined;
  /** Told of what could not be done; it is tried again. */
  readonly onError: (
    error: unknown,
    at: { readonly webhook_id?: string; readonly delivery_id?: string },
  ) => void;
}

/** A deliverer that has not begun. */
export function createDeliverer(deps: DelivererDeps): Deliverer {
  const { store, post, now, random = Math.random, onSettled = () => undefined, onError } = deps;
  const notices = createNotices(store);
  const webhooks = createWebhookRecords({ store, now });
  const deliveries = createDeliveries({ store, now });
  const stopped = new AbortController();
  /** Attempts in hand, by their delivery, with the webhook of each. */
  const inHand = new Map<string, { readonly webhookId: string; readonly work: Promise<void> }>();
  const restsUntilMs = new Map<string, number>();
  /** Webhooks whose last attempt failed. */
  const failing = new Set<string>();
  /** The webhook that had the last turn. */
  let last = '';

  async function spread(): Promise<void> {
    let asking: readonly WebhookRecord[] | undefined;
    for await (const key of notices.keys()) {
      try {
        const { event } = (await notices.read(key)) ?? {};
        if (event !== undefined) {
          asking ??= (await webhooks.all()).filter(({ disabled }) => disabled === undefined);
          for (const { id, events } of asking)
            if (events.includes(event.type)) await deliveries.create(id, event);
        }
        await notices.remove(key);
      } catch (error) {
        // A notice that another version wrote is for that version.
        if (!isUnreadable(error)) throw error;
      }
    }
  }

  const inHandOf = (webhookId: string) =>
    [...inHand.values()].filter((attempt) => attempt.webhookId === webhookId).length;

  /** Begins the oldest due delivery of a webhook that is not in hand. @returns when one is due, where none began. */
  async function beginOne(webhookId: string): Promise<'begun' | 'none' | number> {
    if (inHandOf(webhookId) >= (failing.has(webhookId) ? 1 : MOST_FOR_ONE)) return 'none';
    for await (const { key } of store.list(keys.webhookDues(webhookId))) {
      const due = keys.dueOf(key);
      if (due === undefined) continue;
      const { deliveryId, dueAtMs } = due;
      if (dueAtMs > now()) return dueAtMs;
      const name = `${webhookId} ${deliveryId}`;
      if (inHand.has(name) || (restsUntilMs.get(name) ?? 0) > now()) continue;
      const work = attempt(webhookId, deliveryId, key)
        .then(
          () => void restsUntilMs.delete(name),
          (error: unknown) => {
            restsUntilMs.set(name, now() + REST_MS);
            onError(error, { webhook_id: webhookId, delivery_id: deliveryId });
          },
        )
        .finally(() => {
          inHand.delete(name);
          onSettled();
        });
      inHand.set(name, { webhookId, work });
      return 'begun';
    }
    return 'none';
  }

  async function attempt(webhookId: string, deliveryId: string, dueKey: string): Promise<void> {
    const webhook = await webhooks.find(webhookId);
    const found = await deliveries.find(webhookId, deliveryId);
    if (webhook === undefined || found === undefined) {
      await store.delete(keys.webhookDelivery(webhookId, deliveryId));
      await store.delete(dueKey);
      return;
    }
    const claimedMs = now() + CLAIM_MS;
    let isOurs = false;
    const claimed = await deliveries.update(found, dueKey, (delivery) => {
      isOurs = delivery.nextAttemptAtMs !== null && delivery.nextAttemptAtMs <= now();
      if (!isOurs) return undefined;
      return webhook.disabled === undefined
        ? { ...delivery, nextAttemptAtMs: claimedMs }
        : toFailed(delivery, `The webhook is disabled: ${webhook.disabled.reason}`);
    });
    if (!isOurs || webhook.disabled !== undefined) return;
    const claimKey = keys.webhookDue(webhookId, deliveryId, claimedMs);
    const beganMs = now();
    const secrets = signingSecrets(webhook, Math.floor(beganMs / 1000));
    const outcome = await post({ url: webhook.url, secrets }, claimed.event, stopped.signal).catch(
      (error: unknown) => {
        if (!stopped.signal.aborted) throw error;
      },
    );
    if (outcome === undefined) {
      await deliveries.update(claimed, claimKey, (delivery) => ({ ...delivery, nextAttemptAtMs: now() }));
      return;
    }
    const jitter = random();
    const endMs = now();
    await deliveries.update(claimed, claimKey, (delivery) =>
      afterAttempt(delivery, outcome, { beganMs, endMs, claimedMs, jitter }),
    );
    await noteHealth(webhook, outcome);
  }

  /** Keeps of a webhook since when it fails, and disables one that has failed for too long or is gone. */
  async function noteHealth(webhook: WebhookRecord, { status, problem }: AttemptOutcome): Promise<void> {
    if (problem === null) failing.delete(webhook.id);
    else failing.add(webhook.id);
    const nowSeconds = Math.floor(now() / 1000);
    if (problem === null && webhook.failingSince === undefined) return;
    try {
      await webhooks.update(webhook.id, (current) => {
        if (problem === null) return { ...current, failingSince: undefined };
        const failingSince = current.failingSince ?? nowSeconds;
        const reason = whyDisabled(status, nowSeconds - failingSince);
        if (current.disabled !== undefined || (current.failingSince !== undefined && reason === undefined))
          return undefined;
        return {
          ...current,
          failingSince,
          ...(reason === undefined ? {} : { disabled: { at: nowSeconds, reason } }),
        };
      });
    } catch (error) {
      // Deleted meanwhile.
      if (!isFoveaError(error, 'webhook-not-found')) throw error;
    }
  }

  return {
    async step() {
      const folders = async () => {
        const found: string[] = [];
        for await (const folder of store.listFolders(keys.webhookQueue())) found.push(folder);
        return found;
      };
      let found = await folders();
      if (found.includes(NOTICES_FOLDER)) {
        await spread();
        found = await folders();
      }
      const ids = found.filter((folder) => folder !== NOTICES_FOLDER);
      // Whoever had the last turn waits for the others.
      let waiting = [...ids.filter((id) => id > last), ...ids.filter((id) => id <= last)];
      let started = 0;
      let nextMs: number | undefined;
      while (waiting.length > 0 && !stopped.signal.aborted) {
        const again: string[] = [];
        for (const id of waiting) {
          if (inHand.size >= MOST_AT_ONCE) return { started, nextMs };
          const begun = await beginOne(id);
          if (begun === 'begun') {
            last = id;
            started += 1;
            again.push(id);
          } else if (begun !== 'none') nextMs = Math.min(begun, nextMs ?? begun);
        }
        waiting = again;
      }
      return { started, nextMs };
    },
    async settled() {
      while (inHand.size > 0) await Promise.all([...inHand.values()].map(({ work }) => work));
    },
    async stop() {
      stopped.abort(new FoveaError('server-stopping', 'The server is stopping.'));
      await this.settled();
    },
  };
}

const toFailed = (delivery: Delivery, problem: string): Delivery => ({
  ...delivery,
  status: 'failed',
  problem,
  nextAttemptAtMs: null,
});

function whyDisabled(status: number | null, failingSeconds: number): string | undefined {
  if (status === GONE) return 'The receiver answered 410: it wants no more.';
  if (failingSeconds < FAILING_SECONDS) return undefined;
  return `No attempt has succeeded for ${FAILING_SECONDS / 86_400} days.`;
}

/** A delivery after an attempt. One that somebody has asked for again meanwhile stays due when they said. */
function afterAttempt(
  delivery: Delivery,
  outcome: AttemptOutcome,
  {
    beganMs,
    endMs,
    claimedMs,
    jitter,
  }: {
    readonly beganMs: number;
    readonly endMs: number;
    readonly claimedMs: number;
    readonly jitter: number;
  },
): Delivery {
  const attempt = { ...outcome, at: Math.floor(beganMs / 1000), durationMs: Math.round(endMs - beganMs) };
  const attempts = [...delivery.attempts, attempt].slice(-MOST_ATTEMPTS_KEPT);
  if (delivery.nextAttemptAtMs !== claimedMs) return { ...delivery, attempts };
  if (outcome.problem === null) return { ...delivery, attempts, status: 'delivered', nextAttemptAtMs: null };
  const failures = delivery.failures + 1;
  const pauseMs = outcome.status === GONE ? undefined : retryPauseMs(failures, jitter);
  return pauseMs === undefined
    ? { ...delivery, attempts, failures, status: 'failed', nextAttemptAtMs: null }
    : { ...delivery, attempts, failures, nextAttemptAtMs: endMs + pauseMs };
}

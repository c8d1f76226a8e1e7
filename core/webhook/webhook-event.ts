// What webhooks are told: events with the names and the shape that OpenAI's have. Knows neither jobs nor who is told.

import { createHash } from 'node:crypto';
import { z } from 'zod';

/** The types of events that a webhook may ask for. */
export const WEBHOOK_EVENT_TYPES = [
  'fine_tuning.job.succeeded',
  'fine_tuning.job.failed',
  'fine_tuning.job.cancelled',
  'batch.completed',
  'batch.failed',
  'batch.expired',
  'batch.cancelled',
] as const;
/** One of {@link WEBHOOK_EVENT_TYPES}. */
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

/** The type of the event that a test sends. */
export const TEST_EVENT = 'webhook.test';

/** An event as it is stored. It names what it is about and holds nothing of it. */
export const WebhookEventSchema = z.object({
  id: z.string(),
  /** Another version may know others than {@link WEBHOOK_EVENT_TYPES}. */
  type: z.string(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  data: z.object({ id: z.string() }),
});
/** What happened, when, and to what. */
export type WebhookEvent = z.infer<typeof WebhookEventSchema>;

const ID_DIGITS = 32;

/** The id of the event of a type about something, which happens once: always the same one. */
export const eventIdOf = (type: WebhookEventType, about: string): string =>
  `evt_${createHash('sha256').update(`${type} ${about}`).digest('hex').slice(0, ID_DIGITS)}`;

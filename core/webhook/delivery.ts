// The stored record of a delivery: one event for one webhook, and every attempt to bring it there.

import { z } from 'zod';
import { newestFirst } from '../newest-first.ts';
import { FORMATS } from '../storage/formats.ts';
import { type WebhookEvent, WebhookEventSchema } from './webhook-event.ts';

/** The states of a delivery. One that is not `pending` is not attempted again, unless somebody asks for it. */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;

/** What came of an attempt. */
export const AttemptOutcomeSchema = z.object({
  status: z.number().int().nullable().describe('The HTTP status of the answer; null where none came.'),
  problem: z.string().nullable().describe('Why the attempt failed; null where it did not.'),
  response: z
    .string()
    .nullable()
    .describe('The beginning of the answer, where it says that the attempt failed; else null.'),
});
/** What came of an attempt. */
export type AttemptOutcome = z.infer<typeof AttemptOutcomeSchema>;

/** One try to bring an event to its receiver. */
export const DeliveryAttemptSchema = AttemptOutcomeSchema.extend({
  at: z.number().int().describe('When it began, in Unix seconds.'),
  durationMs: z.number().int().nonnegative().describe('How long it took, in milliseconds.'),
});

/** A delivery, as it is stored. */
export const DeliverySchema = z.object({
  id: z.string(),
  webhookId: z.string(),
  event: WebhookEventSchema,
  status: z.enum(DELIVERY_STATUSES),
  /** Why it failed, where no attempt says so. */
  problem: z.string().optional(),
  /**
   * Unix milliseconds; null where it is not pending. Whoever attempts it moves this ahead first, so that nobody else does, and somebody
   * does if they are lost.
   */
  nextAttemptAtMs: z.number().int().nullable(),
  /** Attempts that failed since it was made, or asked for again. */
  failures: z.number().int().nonnegative(),
  /** Oldest first; of many, the last ones. */
  attempts: z.array(DeliveryAttemptSchema),
});
/** One event for one webhook. */
export type Delivery = z.infer<typeof DeliverySchema>;
/** The stored format of deliveries. */
export const DELIVERY_RECORD = { ...FORMATS.webhookDelivery, schema: DeliverySchema };

const MS = 1000;

/** The id of the delivery of an event: the same for whoever makes it. Later events come first. */
export const deliveryIdOf = ({ id, createdAt }: WebhookEvent): string =>
  `dlv_${newestFirst(createdAt * MS)}_${id.replace(/^evt_/, '')}`;

// Webhooks and their deliveries on the wire. A secret is in two answers: those to the requests that made it.

import { z } from 'zod';
import { DELIVERY_STATUSES, type Delivery, DeliveryAttemptSchema } from '../core/webhook/delivery.ts';
import { WEBHOOK_EVENT_TYPES } from '../core/webhook/webhook-event.ts';
import type { WebhookRecord } from '../core/webhook/webhook-record.ts';
import { hasMore, listOf, objectKind, orNull, text, unixSeconds } from './quantities.ts';
import { toWire, toWireSchema } from './to-wire.ts';

const URL_MAX_LENGTH = 2000;
const DESCRIPTION_MAX_LENGTH = 300;
const ID_MAX_LENGTH = 100;
const HOUR_SECONDS = 60 * 60;
const DAY_SECONDS = 24 * HOUR_SECONDS;
/** The longest time that a secret signs after it was replaced, in seconds: a week. */
const MAX_GRACE_SECONDS = 7 * DAY_SECONDS;

const EventTypesSchema = z
  .array(z.enum(WEBHOOK_EVENT_TYPES))
  .min(1)
  .max(WEBHOOK_EVENT_TYPES.length)
  .refine((types) => new Set(types).size === types.length, { message: 'must name each event once' });
const DescriptionSchema = z.string().max(DESCRIPTION_MAX_LENGTH);

/** The body of `POST /v1/webhooks`. */
export const CreateWebhookSchema = z
  .strictObject({
    url: z.string().min(1).max(URL_MAX_LENGTH).meta({
      description:
        'Where events are posted: an https address on the public internet, unless the operator allows others.',
      example: 'https://hooks.example.com/fovea',
    }),
    events: EventTypesSchema.meta({
      description: 'The events that it is told.',
      uniqueItems: true,
      example: ['fine_tuning.job.succeeded', 'fine_tuning.job.failed'],
    }),
    description: DescriptionSchema.optional().meta({ description: 'What it is for, for people.' }),
  })
  .meta({ id: 'CreateWebhook', description: 'A webhook that is to be made.' });

/** The body of `POST /v1/webhooks/{webhook_id}`. */
export const UpdateWebhookSchema = z
  .strictObject({
    events: EventTypesSchema.optional().meta({
      description: 'The events that it is told from now on.',
      uniqueItems: true,
    }),
    description: DescriptionSchema.nullable()
      .optional()
      .meta({ description: 'What it is for; null takes it away.' }),
    status: z.enum(['enabled', 'disabled']).optional().meta({
      description: '`enabled` also ends what a receiver that failed has brought about.',
    }),
  })
  .meta({ id: 'UpdateWebhook', description: 'What is to change of a webhook; the rest stays.' });

/** The body of `POST /v1/webhooks/{webhook_id}/rotate`. */
export const RotateWebhookSchema = z
  .strictObject({
    grace_seconds: z.number().int().min(0).max(MAX_GRACE_SECONDS).default(DAY_SECONDS).meta({
      description:
        'How long the present secret signs beside the new one, so that receivers can be changed one by one. With 0, it ends at once.',
    }),
  })
  .meta({ id: 'RotateWebhook', description: 'How a webhook gets a new secret.' });

const idSchema = (prefix: string, what: string) =>
  z
    .string()
    .max(ID_MAX_LENGTH)
    .regex(new RegExp(`^${prefix}_[A-Za-z0-9_]+$`), `must be the id of a ${what}, such as "${prefix}_…"`);

/** The path parameter that names a webhook. */
export const WebhookIdSchema = z.object({
  webhook_id: idSchema('wh', 'webhook').meta({
    description: 'The id of a webhook.',
    example: 'wh_9982358104956541f0c2a9b4e7d6153',
  }),
});

/** The path parameters that name a delivery. */
export const DeliveryIdSchema = WebhookIdSchema.extend({
  delivery_id: idSchema('dlv', 'delivery').meta({
    description: 'The id of a delivery.',
    example: 'dlv_998235810495654_0f343b0931126a20f133d67c2b018a3b',
  }),
});

/** A webhook as an answer. */
export const WebhookSchema = z
  .object({
    id: text('The id of the webhook.'),
    object: objectKind('webhook'),
    url: text('Where events are posted.'),
    events: z.array(z.string()).meta({ description: 'The events that it is told.' }),
    description: z.string().nullable().meta({ description: 'What it is for; null where nobody said it.' }),
    status: z.enum(['enabled', 'disabled']).meta({ description: 'Whether anything is delivered to it.' }),
    disabled_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why nothing is delivered; null where it is enabled.' }),
    disabled_at: orNull(unixSeconds('When'), 'When it was disabled; null where it is enabled.'),
    failing_since: orNull(
      unixSeconds('When'),
      'The first attempt that failed since the last one that did not; null where none did.',
    ),
    created_at: unixSeconds('When it was made'),
    created_by: z
      .string()
      .nullable()
      .meta({ description: 'The name of the key that made it; null where none was required.' }),
    rotated_at: orNull(unixSeconds('When'), 'When its secret was replaced last; null where it never was.'),
  })
  .meta({ id: 'Webhook', description: 'A receiver of events, without its secret.' });
/** A webhook as clients get it. */
export type WireWebhook = z.infer<typeof WebhookSchema>;

/** The answer that has a new secret. */
export const NewWebhookSchema = WebhookSchema.extend({
  secret: text(
    'What the receiver verifies signatures with, `whsec_…`. It is shown now and never again; a new one can be made.',
  ),
}).meta({ id: 'NewWebhook', description: 'A webhook with a secret that was just made.' });

/** The answer of `GET /v1/webhooks`. */
export const WebhookListSchema = z
  .object({ ...listOf(WebhookSchema, 'Newest first.'), has_more: hasMore })
  .meta({ id: 'WebhookList', description: 'One page of webhooks.' });

/** The answer of `DELETE /v1/webhooks/{webhook_id}`. */
export const DeletedWebhookSchema = z
  .object({
    id: text('The id that the webhook had.'),
    object: objectKind('webhook'),
    deleted: z.literal(true).meta({ description: 'It is gone, with its deliveries.' }),
  })
  .meta({ id: 'DeletedWebhook', description: 'A webhook that was deleted.' });

const EventSchema = z
  .object({
    id: text('The id of the event, which the header `webhook-id` has in every attempt.'),
    object: objectKind('event'),
    type: text('What happened.'),
    created_at: unixSeconds('When it happened'),
    data: z
      .object({ id: text('The id of the job, the batch or, of a test, the webhook.') })
      .meta({ description: 'What it is about.' }),
  })
  .meta({ id: 'WebhookEvent', description: 'What a webhook is told: the body that is posted.' });

/** A delivery as an answer. */
export const WebhookDeliverySchema = z
  .object({
    id: text('The id of the delivery.'),
    object: objectKind('webhook.delivery'),
    webhook_id: text('The webhook.'),
    event: EventSchema,
    status: z.enum(DELIVERY_STATUSES).meta({
      description: '`pending`: it is attempted, again where an attempt failed. The others are final.',
    }),
    problem: z.string().nullable().meta({ description: 'Why it failed; null where it did not.' }),
    next_attempt_at: orNull(
      unixSeconds('When'),
      'When it is attempted next; while an attempt is in hand, when another follows if nothing comes of it. Null where it is not pending.',
    ),
    attempts: z
      .array(toWireSchema(DeliveryAttemptSchema))
      .meta({ description: 'Attempts so far, oldest first; of many, the last 30.' }),
  })
  .meta({ id: 'WebhookDelivery', description: 'One event for one webhook, and what came of it.' });
/** A delivery as clients get it. */
export type WireWebhookDelivery = z.infer<typeof WebhookDeliverySchema>;

/** The answer of `GET /v1/webhooks/{webhook_id}/deliveries`. */
export const WebhookDeliveryListSchema = z
  .object({ ...listOf(WebhookDeliverySchema, 'Newest event first.'), has_more: hasMore })
  .meta({ id: 'WebhookDeliveryList', description: 'One page of the deliveries of a webhook.' });

/** Makes the wire's webhook from its record. */
export const toWireWebhook = (record: WebhookRecord): WireWebhook => ({
  id: record.id,
  object: 'webhook',
  url: record.url,
  events: record.events,
  description: record.description ?? null,
  status: record.disabled === undefined ? 'enabled' : 'disabled',
  disabled_reason: record.disabled?.reason ?? null,
  disabled_at: record.disabled?.at ?? null,
  failing_since: record.failingSince ?? null,
  created_at: record.createdAt,
  created_by: record.createdBy ?? null,
  rotated_at: record.rotatedAt ?? null,
});

/** Makes the wire's delivery from its record. */
export const toWireDelivery = (delivery: Delivery): WireWebhookDelivery => ({
  id: delivery.id,
  object: 'webhook.delivery',
  webhook_id: delivery.webhookId,
  event: {
    id: delivery.event.id,
    object: 'event',
    type: delivery.event.type,
    created_at: delivery.event.createdAt,
    data: delivery.event.data,
  },
  status: delivery.status,
  problem:
    delivery.status === 'failed' ? (delivery.problem ?? delivery.attempts.at(-1)?.problem ?? null) : null,
  next_attempt_at: delivery.nextAttemptAtMs === null ? null : Math.ceil(delivery.nextAttemptAtMs / 1000),
  attempts: delivery.attempts.map((attempt) => toWire(DeliveryAttemptSchema, attempt)),
});

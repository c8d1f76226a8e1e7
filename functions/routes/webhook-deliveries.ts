// The deliveries of a webhook over HTTP: listed, looked at, and sent again.

import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { PageQuerySchema } from '../../api/pagination.ts';
import {
  DeliveryIdSchema,
  toWireDelivery,
  WebhookDeliveryListSchema,
  WebhookDeliverySchema,
  WebhookIdSchema,
} from '../../api/webhook.ts';
import { createDeliveries } from '../../core/webhook/deliveries.ts';
import { createNotices } from '../../core/webhook/notices.ts';
import { createWebhookRecords } from '../../core/webhook/webhook-records.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, IDEMPOTENCY_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { assertEnabled, requireOn } from './webhooks.ts';

const TAGS = ['Webhooks'];

const list = createRoute({
  operationId: 'listWebhookDeliveries',
  method: 'get',
  path: '/v1/webhooks/{webhook_id}/deliveries',
  tags: TAGS,
  summary: 'List what a webhook was told',
  description: 'Each delivery has every attempt with its outcome. Deliveries are kept for 30 days.',
  request: { params: WebhookIdSchema, query: PageQuerySchema },
  responses: {
    200: {
      description: 'One page, newest event first.',
      content: { 'application/json': { schema: WebhookDeliveryListSchema } },
    },
    ...errorResponses('webhook-not-found', 'record-invalid'),
  },
});

const get = createRoute({
  operationId: 'getWebhookDelivery',
  method: 'get',
  path: '/v1/webhooks/{webhook_id}/deliveries/{delivery_id}',
  tags: TAGS,
  summary: 'Get a delivery with its attempts',
  request: { params: DeliveryIdSchema },
  responses: {
    200: { description: 'The delivery.', content: { 'application/json': { schema: WebhookDeliverySchema } } },
    ...errorResponses('webhook-delivery-not-found', 'record-invalid'),
  },
});

const redeliver = createRoute({
  operationId: 'redeliverWebhookDelivery',
  method: 'post',
  path: '/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver',
  tags: TAGS,
  summary: 'Deliver an event once more',
  description:
    'Within some seconds, whatever came of it before, and again where it fails. The event has the same id, by which receivers know it.',
  request: { headers: IdempotencyHeadersSchema, params: DeliveryIdSchema },
  responses: {
    200: {
      description: 'The delivery, which is pending again.',
      content: { 'application/json': { schema: WebhookDeliverySchema } },
    },
    ...errorResponses(
      ...WRITE_ERRORS,
      ...IDEMPOTENCY_ERRORS,
      'webhook-not-found',
      'webhook-delivery-not-found',
      'webhook-disabled',
      'webhooks-off',
      'record-invalid',
      'record-contended',
    ),
  },
});

/** The routes of deliveries. */
export function webhookDeliveryRoutes({ store, now, webhookReceivers }: AppDeps) {
  const routes = createRoutes();
  const webhooks = createWebhookRecords({ store, now });
  const deliveries = createDeliveries({ store, now });
  const notices = createNotices(store);

  routes.openapi(list, async (c) => {
    const { webhook_id: id } = c.req.valid('param');
    await webhooks.get(id);
    const page = await deliveries.list(id, c.req.valid('query'));
    const data = page.deliveries.map(toWireDelivery);
    return c.json({ object: 'list' as const, data, has_more: page.hasMore }, 200);
  });

  routes.openapi(get, async (c) => {
    const { webhook_id, delivery_id } = c.req.valid('param');
    return c.json(toWireDelivery(await deliveries.get(webhook_id, delivery_id)), 200);
  });

  routes.openapi(redeliver, async (c) => {
    const { webhook_id, delivery_id } = c.req.valid('param');
    requireOn(webhookReceivers);
    assertEnabled(await webhooks.get(webhook_id));
    const delivery = await deliveries.redeliver(webhook_id, delivery_id);
    await notices.wake();
    return c.json(toWireDelivery(delivery), 200);
  });

  return routes;
}

// Webhooks over HTTP: made, listed, changed, rotated, tested and deleted by whoever has scope `admin`.

import type { z } from '@hono/zod-openapi';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { PageQuerySchema } from '../../api/pagination.ts';
import {
  CreateWebhookSchema,
  DeletedWebhookSchema,
  NewWebhookSchema,
  RotateWebhookSchema,
  toWireDelivery,
  toWireWebhook,
  UpdateWebhookSchema,
  WebhookDeliverySchema,
  WebhookIdSchema,
  WebhookListSchema,
  WebhookSchema,
} from '../../api/webhook.ts';
import type { WebhookReceivers } from '../../core/environment.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { idDigits } from '../../core/id-digits.ts';
import { createDeliveries } from '../../core/webhook/deliveries.ts';
import { createNotices } from '../../core/webhook/notices.ts';
import { checkReceiver } from '../../core/webhook/receiver.ts';
import { TEST_EVENT } from '../../core/webhook/webhook-event.ts';
import type { WebhookRecord } from '../../core/webhook/webhook-record.ts';
import { createWebhookRecords } from '../../core/webhook/webhook-records.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { noteTarget } from '../http/audit-requests.ts';
import { createRoute } from '../http/create-route.ts';
import {
  errorResponses,
  IDEMPOTENCY_ERRORS,
  JSON_ERRORS,
  SECRET_ERRORS,
  WRITE_ERRORS,
} from '../http/error-responses.ts';
import { idPartsOf } from '../http/idempotent.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';

const TAGS = ['Webhooks'];
const content = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
const CHANGE_ERRORS = [...WRITE_ERRORS, 'webhook-not-found', 'record-invalid', 'record-contended'] as const;
const EVENT_ID_BYTES = 16;

const create = createRoute({
  operationId: 'createWebhook',
  method: 'post',
  path: '/v1/webhooks',
  tags: TAGS,
  summary: 'Be told when jobs and batches end',
  description:
    'Each event is posted to the address, signed by Standard Webhooks. The answer has the secret that verifies the signatures, which cannot be ' +
    'read later.',
  request: { headers: IdempotencyHeadersSchema, body: jsonBody('CreateWebhook') },
  responses: {
    201: { description: 'The webhook, with its secret.', content: content(NewWebhookSchema) },
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      ...SECRET_ERRORS,
      'webhook-url-refused',
      'webhooks-full',
      'webhooks-off',
    ),
  },
});

const list = createRoute({
  operationId: 'listWebhooks',
  method: 'get',
  path: '/v1/webhooks',
  tags: TAGS,
  summary: 'List webhooks',
  request: { query: PageQuerySchema },
  responses: {
    200: { description: 'One page, newest first.', content: content(WebhookListSchema) },
    ...errorResponses(),
  },
});

const get = createRoute({
  operationId: 'getWebhook',
  method: 'get',
  path: '/v1/webhooks/{webhook_id}',
  tags: TAGS,
  summary: 'Get a webhook, without its secret',
  request: { params: WebhookIdSchema },
  responses: {
    200: { description: 'The webhook.', content: content(WebhookSchema) },
    ...errorResponses('webhook-not-found', 'record-invalid'),
  },
});

const update = createRoute({
  operationId: 'updateWebhook',
  method: 'post',
  path: '/v1/webhooks/{webhook_id}',
  tags: TAGS,
  summary: 'Change what a webhook is told, or enable it again',
  request: { params: WebhookIdSchema, body: jsonBody('UpdateWebhook') },
  responses: {
    200: { description: 'The webhook.', content: content(WebhookSchema) },
    ...errorResponses(...JSON_ERRORS, ...CHANGE_ERRORS),
  },
});

const rotate = createRoute({
  operationId: 'rotateWebhook',
  method: 'post',
  path: '/v1/webhooks/{webhook_id}/rotate',
  tags: TAGS,
  summary: 'Give a webhook a new secret',
  description: 'The present one signs, too, for `grace_seconds`: a day by default.',
  request: {
    headers: IdempotencyHeadersSchema,
    params: WebhookIdSchema,
    body: { ...jsonBody('RotateWebhook'), required: false },
  },
  responses: {
    200: { description: 'The webhook, with its new secret.', content: content(NewWebhookSchema) },
    ...errorResponses(...JSON_ERRORS, ...CHANGE_ERRORS, ...SECRET_ERRORS),
  },
});

const test = createRoute({
  operationId: 'testWebhook',
  method: 'post',
  path: '/v1/webhooks/{webhook_id}/test',
  tags: TAGS,
  summary: 'Send a webhook a test',
  description: `An event of type \`${TEST_EVENT}\`, within some seconds. The deliveries say what came of it.`,
  request: { headers: IdempotencyHeadersSchema, params: WebhookIdSchema },
  responses: {
    201: {
      description: 'The delivery, which is still to be attempted.',
      content: content(WebhookDeliverySchema),
    },
    ...errorResponses(
      ...WRITE_ERRORS,
      ...IDEMPOTENCY_ERRORS,
      'webhook-not-found',
      'webhook-disabled',
      'webhooks-off',
      'record-invalid',
    ),
  },
});

const remove = createRoute({
  operationId: 'deleteWebhook',
  method: 'delete',
  path: '/v1/webhooks/{webhook_id}',
  tags: TAGS,
  summary: 'Delete a webhook with its deliveries',
  request: { params: WebhookIdSchema },
  responses: {
    200: { description: 'It is gone.', content: content(DeletedWebhookSchema) },
    ...errorResponses(...WRITE_ERRORS, 'webhook-not-found'),
  },
});

/** The routes of webhooks. */
export function webhookRoutes({ store, limits, now, webhookReceivers }: AppDeps) {
  const routes = createRoutes();
  const webhooks = createWebhookRecords({ store, now });
  const deliveries = createDeliveries({ store, now });
  const notices = createNotices(store);
  describeBody(routes, CreateWebhookSchema);
  describeBody(routes, UpdateWebhookSchema);
  describeBody(routes, RotateWebhookSchema);
  const withSecret = (record: WebhookRecord) => ({
    ...toWireWebhook(record),
    secret: record.secrets[0]?.secret ?? '',
  });

  routes.openapi(create, async (c) => {
    const { url, events, description } = await readJsonBody(c, CreateWebhookSchema, limits.jsonBodyBytes);
    await checkReceiver(url, { receivers: requireOn(webhookReceivers) });
    const createdBy = c.get('apiKey')?.name;
    const record = await webhooks.create({ url, events, description, createdBy }, idPartsOf(c));
    noteTarget(c, { webhook_id: record.id });
    return c.json(withSecret(record), 201);
  });

  routes.openapi(list, async (c) => {
    const page = await webhooks.list(c.req.valid('query'));
    const data = page.webhooks.map(toWireWebhook);
    return c.json({ object: 'list' as const, data, has_more: page.hasMore }, 200);
  });

  routes.openapi(get, async (c) =>
    c.json(toWireWebhook(await webhooks.get(c.req.valid('param').webhook_id)), 200),
  );

  routes.openapi(update, async (c) => {
    const { events, description, status } = await readJsonBody(c, UpdateWebhookSchema, limits.jsonBodyBytes);
    const disabled = { at: Math.floor(now() / 1000), reason: 'A request disabled it.' };
    const record = await webhooks.update(c.req.valid('param').webhook_id, (current) => ({
      ...current,
      events: events ?? current.events,
      description: description === null ? undefined : (description ?? current.description),
      ...(status === 'enabled' ? { disabled: undefined, failingSince: undefined } : {}),
      ...(status === 'disabled' ? { disabled: current.disabled ?? disabled } : {}),
    }));
    return c.json(toWireWebhook(record), 200);
  });

  routes.openapi(rotate, async (c) => {
    const { grace_seconds } = await readJsonBody(c, RotateWebhookSchema, limits.jsonBodyBytes, {});
    return c.json(withSecret(await webhooks.rotate(c.req.valid('param').webhook_id, grace_seconds)), 200);
  });

  routes.openapi(test, async (c) => {
    requireOn(webhookReceivers);
    const webhook = await webhooks.get(c.req.valid('param').webhook_id);
    assertEnabled(webhook);
    const made = idPartsOf(c);
    const delivery = await deliveries.create(webhook.id, {
      id: `evt_${idDigits(EVENT_ID_BYTES, made?.digits)}`,
      type: TEST_EVENT,
      createdAt: Math.floor((made?.ms ?? now()) / 1000),
      data: { id: webhook.id },
    });
    await notices.wake();
    return c.json(toWireDelivery(delivery), 201);
  });

  routes.openapi(remove, async (c) => {
    const { webhook_id: id } = c.req.valid('param');
    await webhooks.remove(id);
    return c.json({ id, object: 'webhook' as const, deleted: true as const }, 200);
  });

  return routes;
}

/**
 * Refuses to promise what nothing would deliver.
 * @throws {FoveaError} `webhooks-off`.
 */
export function requireOn(receivers: WebhookReceivers | undefined): WebhookReceivers {
  if (receivers !== undefined) return receivers;
  throw new FoveaError(
    'webhooks-off',
    'This installation tells no webhooks. Its operator allows them by fovea:webhookReceivers.',
  );
}

/**
 * Refuses to send to a webhook to which nothing would be delivered.
 * @throws {FoveaError} `webhook-disabled`.
 */
export function assertEnabled({ id, disabled }: WebhookRecord): void {
  if (disabled === undefined) return;
  throw new FoveaError(
    'webhook-disabled',
    `Webhook "${id}" is disabled, so nothing is sent to it. ${disabled.reason} Mend the receiver, then enable it: ` +
      `POST /v1/webhooks/${id} with {"status": "enabled"}.`,
    { param: 'webhook_id' },
  );
}

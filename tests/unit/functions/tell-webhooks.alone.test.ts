// The function of job events, called by the bucket's topic where webhooks are allowed.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { afterAll, expect, it, vi } from 'vitest';
import { TELL_WEBHOOKS_EVENT } from '../../../core/environment.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { openObjectStore } from '../../../core/storage/drivers/open-object-store.ts';
import { createWebhookRecords } from '../../../core/webhook/webhook-records.ts';
import { newJob } from '../../support/new-job.ts';
import { type Received, startReceiver } from '../../support/webhook-receiver.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'fovea-tell-webhooks-'));
const receiver = await startReceiver();
afterAll(async () => {
  vi.unstubAllEnvs();
  await receiver.stop();
  await rm(folder, { recursive: true, force: true });
});

it('tells webhooks of a job that ended, and soon once more where the first attempt failed; by no schedule but their own', async () => {
  const storeUrl = pathToFileURL(folder).href;
  const store = await openObjectStore(storeUrl);
  const webhook = await createWebhookRecords({ store, now: Date.now }).create({
    url: receiver.url,
    events: ['fine_tuning.job.cancelled'],
  });
  const jobs = createJobStore({ store, now: Date.now });
  const { id } = await jobs.create(newJob());
  await jobs.requestCancel(id);
  for (const [name, value] of Object.entries({
    FOVEA_STORE_URL: storeUrl,
    // Where workers run all jobs, the function is told of no machines.
    FOVEA_QUEUE: 'workers',
    FOVEA_WEBHOOK_RECEIVERS: 'any',
    AWS_REGION: 'eu-west-1',
  }))
    vi.stubEnv(name, value);
  receiver.answer = (response) => void response.writeHead(receiver.received.length === 1 ? 503 : 200).end();
  const { handler } = await import('../../../functions/batch-events.ts');
  await handler({ Records: [{ EventSource: 'aws:sns', Sns: { Message: '{}' } }] });
  const [first, second] = receiver.received as [Received, Received];
  expect(receiver.received).toHaveLength(2);
  expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
  const secret = webhook.secrets[0]?.secret ?? '';
  expect(new Webhook(secret).verify(second.body, second.headers)).toMatchObject({ data: { id } });
  await handler({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
  expect(receiver.received).toHaveLength(2);

  await jobs.requestCancel((await jobs.create(newJob())).id);
  await handler({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
  expect(receiver.received).toHaveLength(2);
  await handler(TELL_WEBHOOKS_EVENT);
  expect(receiver.received).toHaveLength(3);

  // As the queue of lost events has a notice that did not reach the function.
  await jobs.requestCancel((await jobs.create(newJob())).id);
  await handler({
    Type: 'Notification',
    MessageId: '0',
    TopicArn: 'arn:aws:sns:eu-west-1:123456789012:Fovea-notices',
    Message: '{}',
  });
  expect(receiver.received).toHaveLength(4);
});

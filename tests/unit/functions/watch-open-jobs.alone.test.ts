// The function of job events and its schedule: on from the first event of a job, off once no job is open.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { openObjectStore } from '../../../core/storage/drivers/open-object-store.ts';
import { startFakeBatch } from '../../support/fake-batch.ts';
import { FLEET_VARIABLE } from '../../support/fleet.ts';
import { newJob } from '../../support/new-job.ts';

const SCHEDULED = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} };
const folder = await mkdtemp(path.join(tmpdir(), 'fovea-watch-'));
const batch = await startFakeBatch();
const calls: string[] = [];
const events = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  calls.push(`${String(request.headers['x-amz-target']).split('.')[1]} ${JSON.parse(body).Name}`);
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end('{}');
});
await new Promise<void>((resolve) => events.listen(0, '127.0.0.1', resolve));
afterAll(async () => {
  vi.unstubAllEnvs();
  await batch.close();
  events.closeAllConnections();
  events.close();
  await rm(folder, { recursive: true, force: true });
});

it('switches its schedule on with the first event of a job alone, and off when no job is open', async () => {
  const storeUrl = pathToFileURL(folder).href;
  const jobs = createJobStore({ store: await openObjectStore(storeUrl), now: Date.now });
  const { id } = await jobs.create(newJob());
  for (const [name, value] of Object.entries({
    FOVEA_STORE_URL: storeUrl,
    FOVEA_TRAINER_FLEET: FLEET_VARIABLE,
    FOVEA_WATCH_RULE: 'Fovea-open-jobs',
    AWS_ENDPOINT_URL_BATCH: batch.endpoint,
    AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${(events.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  }))
    vi.stubEnv(name, value);
  const { handler } = await import('../../../functions/batch-events.ts');
  await jobs.update(id, (job) => ({
    ...job,
    status: 'queued',
    placement: {
      pool: 'gpu-16gb',
      capacity: 'spot',
      submission: 1,
      claim: { owner: 'x', atMs: 0 },
      batchJobId: 'batch-7',
      replaces: null,
    },
  }));
  const detail = {
    jobId: 'batch-7',
    jobName: `${id}-1`,
    jobQueue: 'arn:aws:batch:eu-west-1:123456789012:job-queue/queue-16-spot',
    status: 'SUBMITTED',
  };
  await handler({ source: 'aws.batch', 'detail-type': 'Batch Job State Change', detail });
  expect(calls.splice(0)).toEqual(['EnableRule Fovea-open-jobs']);

  const running = { ...detail, status: 'RUNNING' };
  await handler({ source: 'aws.batch', 'detail-type': 'Batch Job State Change', detail: running });
  expect(calls).toEqual([]);
  batch.describe([running]);
  await handler(SCHEDULED);
  expect(calls).toEqual([]);

  batch.describe([{ ...detail, status: 'FAILED', statusReason: 'not needed', stoppedAt: 1 }]);
  await handler(SCHEDULED);
  expect(await jobs.get(id)).toMatchObject({ status: 'failed', error: { code: 'job-terminated' } });
  await handler(SCHEDULED);
  expect(calls).toEqual(['DisableRule Fovea-open-jobs']);
});

import { describe, expect, it } from 'vitest';
import { newJob } from '../../support/new-job.ts';
import { createTestApp } from '../../support/test-app.ts';

describe('a job on AWS Batch', () => {
  it('tells why it waits, where it runs, and what it has cost', async () => {
    const { jobs, send } = createTestApp();
    const { id } = await jobs.create(newJob());
    const path = `/v1/fine_tuning/jobs/${id}`;
    expect((await send('GET', path)).body).toMatchObject({ queued_reason: null, machines: null });

    await jobs.update(id, (record) => ({
      ...record,
      status: 'queued',
      queuedReason: 'Waiting for a machine.',
      placement: {
        pool: 'gpu-24gb',
        capacity: 'spot',
        submission: 2,
        claim: { owner: 'x', atMs: 0 },
        batchJobId: 'b',
        replaces: 'a',
      },
      usage: [
        { batchJobId: 'a', pool: 'gpu-16gb', seconds: 600, estimatedUsd: 0.25 },
        { batchJobId: 'b', pool: 'gpu-24gb', seconds: 60, estimatedUsd: 0.05 },
      ],
    }));
    expect((await send('GET', path)).body).toMatchObject({
      queued_reason: 'Waiting for a machine.',
      machines: { pool: 'gpu-24gb', capacity: 'spot' },
      cost: { seconds: 660, usd: expect.closeTo(0.3) },
    });

    await jobs.update(id, (record) => ({ ...record, status: 'running' }));
    expect((await send('GET', path)).body.queued_reason).toBeNull();
  });
});

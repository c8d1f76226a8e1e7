import { describe, expect, it } from 'vitest';
import { makePictures, storeOf } from '../../support/make-dataset.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp } from '../../support/test-app.ts';

const machine = (name: string, pool: string, gpu?: 'T4') => ({
  name,
  pool,
  gpu,
  vcpus: 4,
  usdPerHour: 0.4,
  priceBasis: 'A price for tests.',
  backends:
    gpu === undefined
      ? { best: 'native' as const, missing: { gpu: 'No GPU.' } }
      : { best: 'gpu' as const, missing: {} },
});

describe('a job on AWS Batch', () => {
  it('starts on the kind of machine that fits its recipe', async () => {
    const { send, starts, jobs } = createTestApp({
      store: await storeOf(await makePictures({ cat: 20, dog: 20 })),
      machines: [machine('c7i.2xlarge', 'cpu'), machine('g4dn.xlarge', 'gpu-16gb', 'T4')],
    });
    const submit = (recipe: object, backend = 'auto') =>
      send('POST', '/v1/fine_tuning/jobs', {
        model: 'mobilenet_v2_0.35',
        training_file: 'pets',
        recipe,
        backend,
      });
    const { body } = await submit({ stages: 'full' });
    expect(body.estimate).toMatchObject({ machine: 'g4dn.xlarge', gpu: 'T4' });
    const { body: native } = await submit({}, 'native');
    expect(native.estimate).toMatchObject({ machine: 'c7i.2xlarge', gpu: null });
    expect((await submit({}, 'gpu')).status).toBe(200);
    expect(starts.map((start) => start?.pool)).toEqual(['gpu-16gb', 'cpu', 'gpu-16gb']);
    const { events } = await jobs.events(body.id, { limit: 1 });
    expect(events[0]?.message).toContain('The job starts on g4dn.xlarge: it trains pretrained layers.');
    expect(body.estimate.basis).toContain(starts[0]?.reason);
  });

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
      machines: { pool: 'gpu-24gb', capacity: 'spot', reason: null },
      cost: { seconds: 660, usd: expect.closeTo(0.3) },
    });

    await jobs.update(id, (record) => ({ ...record, status: 'running' }));
    expect((await send('GET', path)).body.queued_reason).toBeNull();
  });
});

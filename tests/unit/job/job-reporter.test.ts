import { afterEach, expect, it, vi } from 'vitest';
import { createJobReporter } from '../../../batch-job/attempt/job-reporter.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease } from '../../../core/job/record/lease.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { newJob } from '../../support/new-job.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('writes how far checkpoints have brought the job with its progress', async () => {
  vi.useFakeTimers();
  const now = () => 1_700_000_000_000;
  const jobs = createJobStore({ store: createMemoryStore(), now });
  const { id } = await jobs.create(newJob());
  const { spent } = await acquireLease({ jobs, now }, id, 'attempt');
  const reporter = createJobReporter({
    jobs,
    jobId: id,
    owner: 'attempt',
    now,
    clock: () => 0,
    terminated: new AbortController().signal,
    meter: {
      spent: () => spent,
      isBudgetSpent: () => false,
      finish: () => undefined,
      earlyEnd: () => undefined,
    },
    isBegun: false,
  });
  for (const [position, furthest] of [
    [undefined, null],
    [[0, 2], { position: [0, 2], attempts: 1 }],
    [[0, 1], { position: [0, 2], attempts: 1 }],
    [[1, 0], { position: [1, 0], attempts: 1 }],
  ] as const) {
    if (position !== undefined) reporter.cameTo(position);
    await vi.advanceTimersByTimeAsync(1000);
    expect((await jobs.get(id))?.furthest).toEqual(furthest);
  }
  await reporter.stop();
});

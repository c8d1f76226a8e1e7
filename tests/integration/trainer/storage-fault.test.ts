// A storage that takes no more checkpoints: nothing is wrong with the job, so that it waits for the next attempt.

import { describe, expect, test } from 'vitest';
import { FoveaError } from '../../../core/errors/errors.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';

const DATASET = 'shapes';

describe.each([
  ['storage-full', 0],
  ['storage-read-only', 0],
  // It may be the fault of one object, and lasts no more than so many attempts.
  ['storage-unavailable', 1],
] as const)('a job whose checkpoints end in %s', (code, attempts) => {
  test('waits and says why, and resumes when there is space', async () => {
    const whole = await storeWithPictures(DATASET);
    const jobs = createJobStore({ store: whole, now: Date.now });
    const hyperparameters = { n_epochs: 4, batch_size: 8, learning_rate_multiplier: 'auto' } as const;
    const { id } = await jobs.create(newJob({ dataset: DATASET, backend: 'portable', hyperparameters }));
    let checkpoints = 0;
    const failing: ObjectStore = {
      ...whole,
      put: async (key, body, options) => {
        if (key.startsWith(keys.jobCheckpoints(id)) && ++checkpoints > 2)
          throw new FoveaError(code, 'No room.');
        return whole.put(key, body, options);
      },
    };

    expect(await runAttempt({ store: failing, jobs }, id)).toBe('released');
    expect(await jobs.get(id)).toMatchObject({
      status: 'queued',
      attempts,
      lease: null,
      queuedReason: 'No room.',
      error: null,
    });
    expect(await runAttempt({ store: whole, jobs }, id)).toBe('succeeded');
    const { events } = await jobs.events(id, { limit: 100 });
    const messages = events.map(({ message }) => message).join('\n');
    expect(messages).toContain('No room. The job waits for the next trainer.');
    expect(messages).toContain('The job resumes');
  });
});

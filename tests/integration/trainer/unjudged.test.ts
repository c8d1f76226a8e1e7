// A job that keeps no picture from training.

import { expect, it } from 'vitest';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { REPORT_FILE } from '../../../core/model/report.ts';
import { keys } from '../../../core/storage/keys.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';

it('is compared with the trainer on training pictures, and its events speak of no validation', async () => {
  const store = await storeWithPictures('shapes');
  const jobs = createJobStore({ store, now: Date.now });
  const { id } = await jobs.create(
    newJob({
      backend: 'portable',
      split: { train: 1, validation: 0, test: 0 },
      hyperparameters: { n_epochs: 1, batch_size: 'auto', learning_rate_multiplier: 'auto' },
    }),
  );
  expect(await runAttempt({ store, jobs }, id)).toBe('succeeded');
  const report = await store.get(keys.modelFile('shapes', '1', REPORT_FILE));
  const { parity } = JSON.parse(new TextDecoder().decode(report?.body));
  // Of 60 in all.
  expect(parity.pictures).toBe(60);
  expect(parity.maxDifference).toBeGreaterThan(0);
  const { events } = await jobs.events(id, { limit: 100 });
  const messages = events.map(({ message }) => message).join('\n');
  expect(messages).toContain('epoch 1 are kept, the last one: there is no validation split');
  expect(messages).toContain('on 60 training pictures the exported model differs');
  expect(messages).not.toContain('on the validation split');
});

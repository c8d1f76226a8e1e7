// Which version predictions use when a job has ended: a model that people rely on is not replaced by surprise.

import { expect, it } from 'vitest';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { readLiveRecord } from '../../../core/model/live-record.ts';
import { resolveVersion } from '../../../core/model/versions.ts';
import { keys } from '../../../core/storage/keys.ts';
import { makePattern } from '../../support/make-dataset.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';

it('replaces the live version by one that is not worse, and never by one with other classes', async () => {
  const store = await storeWithPictures('shapes');
  const jobs = createJobStore({ store, now: Date.now });
  const train = async () => {
    const { id } = await jobs.create(
      newJob({
        backend: 'portable',
        split: { train: 0.4, validation: 0.1, test: 0.5 },
        hyperparameters: { n_epochs: 1, batch_size: 'auto', learning_rate_multiplier: 'auto' },
      }),
    );
    expect(await runAttempt({ store, jobs }, id)).toBe('succeeded');
    const { events } = await jobs.events(id, { limit: 100 });
    return events.find(({ data }) => data !== null && 'promoted' in data);
  };

  expect((await train())?.data).toMatchObject({ promoted: true, reason: 'first', live_version_before: null });
  const same = await train();
  expect(same?.data).toMatchObject({
    promoted: true,
    reason: 'not-worse',
    live_version: '2',
    live_version_before: '1',
    pictures: 30,
    only_right: 0,
    only_right_of_live: 0,
  });
  expect(same?.message).toContain('To go back: POST /v1/models/shapes/rollback');

  for (let seed = 1; seed <= 12; seed += 1)
    await store.put(keys.datasetFile('shapes', 'other', `${seed}.png`), await makePattern(seed));
  const other = await train();
  expect(other?.data).toMatchObject({
    promoted: false,
    reason: 'classes-changed',
    live_version: '2',
    promote: { method: 'POST', path: '/v1/models/shapes/promote', body: { version: '3' } },
  });
  expect(other?.message).toContain('POST /v1/models/shapes/promote {"version":"3"}');
  expect(await resolveVersion(store, 'shapes')).toBe('2');
  expect(await resolveVersion(store, 'shapes', 'latest')).toBe('3');
  expect(await readLiveRecord(store, 'shapes')).toMatchObject({ version: '2', history: [{ version: '1' }] });
});

// Which version predictions use when a job has ended: a model that people rely on is not replaced by surprise.

import { expect, it } from 'vitest';
import { SAMPLE_CLASSES } from '../../../cli/sample-dataset/draw-sample-dataset.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { createJobStore, type NewJob } from '../../../core/job/record/job-store.ts';
import { readLiveRecord } from '../../../core/model/live-record.ts';
import { resolveVersion } from '../../../core/model/versions.ts';
import { foreseePromotion } from '../../../core/promotion/foresee-promotion.ts';
import { keys } from '../../../core/storage/keys.ts';
import { makePattern } from '../../support/make-dataset.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';

const SPLIT = { train: 0.4, validation: 0.1, test: 0.5 };

/** A dataset of some classes, and a function that trains on it and gives the event that says what became of the live version. */
async function shapes() {
  const store = await storeWithPictures('shapes');
  const jobs = createJobStore({ store, now: Date.now });
  const train = async (changes: Partial<NewJob> = {}) => {
    const { id } = await jobs.create(
      newJob({
        ...changes,
        backend: 'portable',
        split: SPLIT,
        hyperparameters: { n_epochs: 1, batch_size: 'auto', learning_rate_multiplier: 'auto' },
      }),
    );
    expect(await runAttempt({ store, jobs }, id)).toBe('succeeded');
    const { events } = await jobs.events(id, { limit: 100 });
    return events.find(({ data }) => data !== null && 'promoted' in data);
  };
  return { store, train };
}

it('replaces the live version by one that is not worse, and never by one with other classes', async () => {
  const { store, train } = await shapes();

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

it('compares with a live version that was trained on a snapshot of the dataset', async () => {
  const { store, train } = await shapes();
  await train();
  const { contentHash: datasetSnapshot } = await inspectDataset(store, 'shapes', { split: SPLIT });
  expect((await train({ datasetSnapshot, promote: 'always' }))?.data).toMatchObject({ live_version: '2' });
  await store.put(keys.datasetFile('shapes', SAMPLE_CLASSES[0] ?? '', 'later.png'), await makePattern(99));
  const inspection = await inspectDataset(store, 'shapes', { split: SPLIT });
  const foreseen = await foreseePromotion(store, { model: 'shapes', policy: 'auto', inspection });
  expect(foreseen.outlook).toContain('takes its place if it is not worse');
  const decided = (await train())?.data;
  expect(decided).toMatchObject({ live_version_before: '2', pictures: expect.any(Number) });
});

// A dataset that takes longer to inspect than a request may: over HTTP.

import { expect, it } from 'vitest';
import { makePictures, storeOf } from '../../support/make-dataset.ts';
import { createTestApp } from '../../support/test-app.ts';

it('a large dataset is inspected over several requests, and what was read is kept', async () => {
  const store = await storeOf(await makePictures({ cat: 20, dog: 20 }));
  // The time is up at once: each request reads what it has begun.
  const test = createTestApp({ store, limits: { inspectionMs: 0 } });
  const job = { training_file: 'pets', model: 'small_cnn', dry_run: true };
  const refused = await test.send('POST', '/v1/fine_tuning/jobs', job);
  expect(refused).toMatchObject({ status: 503, body: { error: { code: 'dataset-inspecting' } } });
  expect(refused.headers.get('retry-after')).toBe('1');
  let done = refused.body.error.details.done;
  for (;;) {
    const { status, body } = await test.send('GET', '/v1/datasets/pets');
    if (status === 200) {
      expect(body).toMatchObject({ status: 'inspected', can_train: true });
      break;
    }
    expect(status).toBe(202);
    expect(body).toMatchObject({
      object: 'dataset',
      dataset: 'pets',
      status: 'inspecting',
      files: { total: 40 },
    });
    expect(body.files.done).toBeGreaterThan(done);
    done = body.files.done;
  }
  expect((await test.send('POST', '/v1/fine_tuning/jobs', job)).status).toBe(200);
});

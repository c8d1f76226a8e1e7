import { expect, test } from 'vitest';
import type { JobReporter } from '../../../batch-job/attempt/job-reporter.ts';
import { validateDataset } from '../../../batch-job/inspect/validate-dataset.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import type { NewJobEvent } from '../../../core/job/record/job-events.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { makePictures } from '../../support/make-dataset.ts';

const SPLIT = { train: 0.75, validation: 0.15, test: 0.1 };

/** The events of a job on 12 pictures each of cats and dogs, 4 × 4 pixels large, and on other files. */
async function eventsOf(
  files: Readonly<Record<string, string>>,
  inputSize: { height: number; width: number },
) {
  const store = createMemoryStore();
  for (const [file, body] of Object.entries({ ...(await makePictures({ cat: 12, dog: 12 })), ...files }))
    await store.put(`datasets/pets/${file}`, typeof body === 'string' ? Buffer.from(body) : body);
  const events: NewJobEvent[] = [];
  const reporter = {
    signal: new AbortController().signal,
    startStage: () => undefined,
    update: () => undefined,
    message: async () => undefined,
    event: async (event: NewJobEvent) => void events.push(event),
  } as unknown as JobReporter;
  const job = { dataset: 'pets', split: SPLIT, splitSnapshot: null, resolved: null } as unknown as JobRecord;
  const ended = await validateDataset({ store, reporter }, job, inputSize).catch((error: unknown) => error);
  return { events, ended };
}

test('similar findings are one event, with their number and examples', async () => {
  const broken = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`cat/${i + 10}-broken.jpg`, 'x']));
  const { events } = await eventsOf({ ...broken, 'stray.txt': 'x' }, { height: 8, width: 8 });
  expect(events.map(({ data }) => [data?.['code'], data?.['count']])).toEqual([
    ['file-outside-class', 1],
    ['file-unsupported', 30],
  ]);
  const [alone, together] = events;
  expect(alone?.message).toMatch(/^"datasets\/pets\/stray\.txt" is /);
  expect(together).toMatchObject({
    level: 'warn',
    message: expect.stringMatching(
      /^30 files are not pictures .*: cat\/10-broken\.jpg, cat\/11-broken\.jpg and 28 more\. The first: "datasets\/pets\/cat\/10-broken\.jpg" /,
    ),
    data: { key: 'datasets/pets/cat/10-broken.jpg', severity: 'warning' },
  });
  expect(together?.data?.['keys']).toHaveLength(10);
});

test('pictures that a network sees enlarged by more than three are one warning', async () => {
  expect((await eventsOf({}, { height: 12, width: 20 })).events).toEqual([]);
  const { events } = await eventsOf({}, { height: 13, width: 20 });
  expect(events.map(({ level, message }) => [level, message])).toEqual([
    [
      'warn',
      expect.stringMatching(
        /^2 classes have pictures that are much smaller .*: cat\/ and dog\/\. The first: 12 of 12 pictures of the class "cat" are smaller than a third of the network's input \(20 × 13\), e\.g\. "datasets\/pets\/cat\/1\.png" \(4 × 4\)\./,
      ),
    ],
  ]);
});

test('errors of one kind are one sentence of why a job fails', async () => {
  const { ended } = await eventsOf(
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`bird${i}/1.txt`, 'x'])),
    { height: 8, width: 8 },
  );
  expect(ended).toMatchObject({
    code: 'dataset-invalid',
    message: expect.stringMatching(
      /: 40 classes have too few pictures: bird0\/, bird1\/ and 38 more\. The first: The class "bird0" /,
    ),
  });
});

// What many stored records cost: the next job, pages of lists, an event. Prints milliseconds of one run on this machine.
//
//   node --import tsx bench/records/main.ts [--jobs 50000] [--models 5000] [--events 5000]

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { mapConcurrently } from '../../core/concurrently.ts';
import { HyperparametersSchema } from '../../core/job/hyperparameters.ts';
import { SplitFractionsSchema } from '../../core/job/job.ts';
import { createJobId } from '../../core/job/job-id.ts';
import { createJobStore } from '../../core/job/job-store.ts';
import { createWaitingJobs } from '../../core/job/queues/local/waiting-jobs.ts';
import { RecipeSchema } from '../../core/job/recipe.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { keys } from '../../core/storage/keys.ts';

const PAGE = 100;
const ROUNDS = 5;
const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '50000' },
    models: { type: 'string', default: '5000' },
    events: { type: 'string', default: '5000' },
  },
});

const root = await mkdtemp(path.join(os.tmpdir(), 'fovea-records-'));
const store = createFilesystemStore({ root });
const jobs = createJobStore({ store, now: Date.now });
const write = async (key: string, text: string) => {
  const file = path.join(root, key);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
};

/** Prints the median and the longest of some runs. */
async function measure(name: string, work: () => Promise<unknown>, rounds = ROUNDS): Promise<void> {
  const ms: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    await work();
    ms.push(performance.now() - startedMs);
  }
  ms.sort((a, b) => a - b);
  const [median = 0, most = 0] = [ms[Math.floor(rounds / 2)], ms.at(-1)];
  console.log(`${name.padEnd(64)} ${median.toFixed(1).padStart(9)} ms   longest ${most.toFixed(1)} ms`);
}

const newJob = () =>
  jobs.create({
    architecture: 'small_cnn',
    dataset: 'shapes',
    model: 'shapes',
    seed: 1,
    hyperparameters: HyperparametersSchema.parse({}),
    recipe: RecipeSchema.parse({}),
    sweep: null,
    split: SplitFractionsSchema.parse({}),
    backend: 'auto',
    metadata: {},
    maxCostUsd: null,
  });

try {
  const template = await newJob();
  const over = await jobs.requestCancel(template.id);
  await store.delete(keys.openJobsChecked());
  const [jobCount, eventCount] = [Number(values.jobs), Number(values.events)];
  const nowMs = Date.now();
  const indices = Array.from({ length: jobCount }, (_, index) => index);
  await mapConcurrently(indices, async (index) => {
    const id = createJobId(nowMs - 1000 * (index + 1));
    await write(keys.job(id), JSON.stringify({ ...over, id }));
  });
  console.log(`${jobCount} records of jobs that are over`);

  await measure('a new job, and that it is the next one', async () => {
    const { id } = await newJob();
    const next = await createWaitingJobs({ jobs, now: Date.now }).next();
    if (next?.id !== id) throw new Error(`Job ${next?.id} is next instead of ${id}.`);
    await jobs.requestCancel(id);
  });
  await measure(`the first page of ${PAGE} jobs`, () => jobs.list({ limit: PAGE }));
  const after = createJobId(nowMs - 500 * jobCount);
  await measure(`a page of ${PAGE} jobs in the middle`, () => jobs.list({ limit: PAGE, after }));
  await measure('the first check of a folder without keys of open jobs', () => jobs.checkOpen(), 1);
  await measure('a later check', () => jobs.checkOpen());

  for (let index = 0; index < eventCount; index++) {
    const event = { id: `ftevent-${index}`, createdAt: 1, level: 'info', type: 'message', message: '', data: null };
    await write(keys.jobEvent(template.id, index), JSON.stringify(event));
  }
  console.log(`${eventCount} events of a job`);
  const fresh = () => createJobStore({ store, now: Date.now });
  const event = { level: 'info', type: 'message', message: 'one more', data: null } as const;
  await measure('an event more, by a process that has seen none', () => fresh().appendEvent(template.id, event));
  await measure('an event more, by the one that wrote the last', () => jobs.appendEvent(template.id, event));
  await measure(`a page of ${PAGE} events`, () => fresh().events(template.id, { limit: PAGE }));
} finally {
  await rm(root, { recursive: true, force: true });
}

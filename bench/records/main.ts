// Measures what many stored records cost: the next job, pages of lists, an event. Prints milliseconds on this machine.
//
//   node --import tsx bench/records/main.ts [--jobs 50000] [--models 5000] [--events 5000]

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { mapConcurrently } from '../../core/concurrently.ts';
import { createWaitingJobs } from '../../core/job/queues/local/waiting-jobs.ts';
import { HyperparametersSchema } from '../../core/job/recipe/hyperparameters.ts';
import { RecipeSchema } from '../../core/job/recipe/recipe.ts';
import { SplitFractionsSchema } from '../../core/job/record/job.ts';
import { createJobId } from '../../core/job/record/job-id.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { MANIFEST_FILE } from '../../core/model/read-manifest.ts';
import { listModels } from '../../core/model/versions.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { keys } from '../../core/storage/keys.ts';
import { takePage } from '../../core/storage/take-page.ts';

const PAGE = 100;
const ROUNDS = 5;
/** Longer than the resolution of file times; see core/storage/drivers/filesystem/folder-names.ts. */
const SETTLE_MS = 3000;
/** The files of a version of a model. */
const FILES = [MANIFEST_FILE, 'model.onnx', 'model-fp16.onnx', 'heatmap.onnx', 'report.json', 'report.html'];
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

/** Prints the median and the longest of several runs, and the CPU time of one, which other processes hardly change. */
async function measure(name: string, work: () => Promise<unknown>, rounds = ROUNDS): Promise<void> {
  const ms: number[] = [];
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    await work();
    ms.push(performance.now() - startedMs);
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000 / rounds;
  ms.sort((a, b) => a - b);
  const [median = 0, most = 0] = [ms[Math.floor(rounds / 2)], ms.at(-1)];
  const [wall, longest, cpu] = [median, most, cpuMs].map((value) => value.toFixed(1).padStart(8));
  console.log(`${name.padEnd(56)} ${wall} ms, longest ${longest} ms, processor ${cpu} ms`);
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
    splitSnapshot: null,
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
  const after = createJobId(nowMs - 500 * jobCount);
  await measure(`a page of ${PAGE} jobs, when a job has just come`, async () => jobs.list({ limit: PAGE }));
  await delay(SETTLE_MS);
  await jobs.list({ limit: PAGE });
  await measure(`the first page of ${PAGE} jobs, afterwards`, () => jobs.list({ limit: PAGE }));
  await measure(`a page of ${PAGE} jobs in the middle`, () => jobs.list({ limit: PAGE, after }));
  await measure('the first check of a folder without keys of open jobs', () => jobs.checkOpen(), 1);
  await measure('a later check', () => jobs.checkOpen());

  for (let index = 0; index < eventCount; index++) {
    const event = {
      id: `ftevent-${index}`,
      createdAt: 1,
      level: 'info',
      type: 'message',
      message: '',
      data: null,
    };
    await write(keys.jobEvent(template.id, index), JSON.stringify(event));
  }
  console.log(`${eventCount} events of a job`);
  const fresh = () => createJobStore({ store, now: Date.now });
  const event = { level: 'info', type: 'message', message: 'one more', data: null } as const;
  await measure('an event more, by a process that has seen none', () =>
    fresh().appendEvent(template.id, event),
  );
  await measure('an event more, by the one that wrote the last', () => jobs.appendEvent(template.id, event));
  await measure(`a page of ${PAGE} events`, () => fresh().events(template.id, { limit: PAGE }));

  const modelCount = Number(values.models);
  const names = Array.from({ length: modelCount }, (_, index) => `model-${index}`);
  await mapConcurrently(names, async (model) => {
    for (const file of FILES) await write(keys.modelFile(model, '1', file), '{}');
    await write(keys.modelAlias(model, 'latest'), '{"formatVersion":1,"version":"1"}');
    await write(keys.datasetFile(model, 'cat', '1.jpg'), 'x');
  });
  console.log(`${modelCount} models, ${modelCount} datasets`);
  await measure(`a page of ${PAGE} models, their manifests read`, async () => {
    const { models } = await listModels(store, { limit: PAGE });
    await mapConcurrently(models, ({ model }) => store.get(keys.modelFile(model, '1', MANIFEST_FILE)));
  });
  await measure(`a page of ${PAGE} datasets`, () => takePage(store.listFolders(keys.datasets()), PAGE));
} finally {
  await rm(root, { recursive: true, force: true });
}

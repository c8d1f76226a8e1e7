// A dataset of 200,000 tiny pictures, through the trainer as any job goes: listed, inspected, split, trained on, judged and
// exported. Exits with 1 where the trainer takes more memory than it may, or anything does not come out as it should.
//
//   npm run test:scale -- [--pictures 200000] [--limit-mb 1500] [--model lenet5] [--weights FOLDER] [--data FOLDER]

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { BACKENDS, type Progress } from '../../core/job/record/job.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { LEASE_MS } from '../../core/job/record/lease-watch.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { REPORT, REPORT_FILE } from '../../core/model/report.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { readJson } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import { newJob } from '../support/new-job.ts';
import { ended, startTrainer } from '../support/trainer-process.ts';
import { findingsOf, writeTinyPictures } from './write-tiny-pictures.ts';

const MB = 1e6;
const DATASET = 'tiny';
const CLASSES = 10;
const SAMPLE_MS = 200;
const LEAST_ACCURACY = 0.9;

interface Options {
  readonly pictures: number;
  readonly limitMb: number;
  readonly model: string;
  readonly weights?: string;
  readonly backend: (typeof BACKENDS)[number];
  readonly data?: string;
}

const options = new Command('test:scale')
  .option('--pictures <n>', 'in all', Number, 200_000)
  .option('--limit-mb <n>', 'resident memory that the trainer may take, in 10^6 bytes', Number, 1500)
  .option('--model <architecture>', 'to train', 'lenet5')
  .option('--weights <folder>', 'of pretrained weights')
  .option('--backend <name>', BACKENDS.join(', '), 'auto')
  .option('--data <folder>', 'to work in and to keep; pictures that are there already are used')
  .parse()
  .opts<Options>();

/** Bytes that a process holds now, and the most that it held; what the system tells is exact. */
async function memoryOf({ pid }: ChildProcess): Promise<{ rss: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const read = (name: string) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
  return { rss: read('VmRSS'), peak: read('VmHWM') };
}

const data = options.data ?? (await mkdtemp(path.join(os.tmpdir(), 'fovea-scale-')));
const storeUrl = pathToFileURL(path.resolve(data)).href;
const store = await openObjectStore(storeUrl);
const jobs = createJobStore({ store, now: Date.now });
const startedMs = performance.now();
const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(0).padStart(4);
const problems: string[] = [];
const expect = (holds: boolean, problem: string) => {
  if (!holds) problems.push(problem);
};

try {
  console.log(`${seconds()} s  drawing ${options.pictures} pictures`);
  await writeTinyPictures(path.join(data, 'datasets', DATASET), {
    count: options.pictures,
    classes: CLASSES,
  });
  const drawn = findingsOf(options.pictures);
  const { id } = await jobs.create(
    newJob({
      dataset: DATASET,
      model: DATASET,
      architecture: options.model,
      backend: options.backend,
      hyperparameters: { n_epochs: 1, batch_size: 128, learning_rate_multiplier: 'auto' },
    }),
  );
  const trainer = startTrainer({ storeUrl, jobId: id, weightsDir: options.weights });
  const peaks = new Map<string, number>();
  let peak = 0;
  let stage: Progress['stage'] | undefined;
  const silences = new Map<string, number>();
  while (trainer.exitCode === null && trainer.signalCode === null) {
    const memory = await memoryOf(trainer);
    const job = await jobs.get(id);
    const rss = Math.max(memory.rss, job?.progress?.rssBytes ?? 0);
    peak = Math.max(peak, memory.peak, rss);
    const now = job?.progress?.stage;
    if (now !== undefined) peaks.set(now, Math.max(peaks.get(now) ?? 0, rss));
    if (now !== stage) console.log(`${seconds()} s  ${now}: ${(rss / MB).toFixed(0)} MB`);
    stage = now;
    // A lease is renewed with every report: its age is that of the newest one.
    const { lease } = job ?? {};
    if (lease != null && now !== undefined) {
      const ageMs = Date.now() - (lease.expiresAtMs - LEASE_MS);
      silences.set(now, Math.max(silences.get(now) ?? 0, ageMs));
    }
    await delay(SAMPLE_MS);
  }
  await ended(trainer);
  for (const [name, bytes] of peaks) {
    const silence = `${((silences.get(name) ?? 0) / 1000).toFixed(1)} s without news of it at most`;
    console.log(`        ${name.padEnd(11)} ${(bytes / MB).toFixed(0)} MB, ${silence}`);
  }
  console.log(`${seconds()} s  at most ${(peak / MB).toFixed(0)} MB, ${options.limitMb} MB are allowed`);
  expect(peak <= options.limitMb * MB, `the trainer took ${(peak / MB).toFixed(0)} MB`);

  const job = await jobs.get(id);
  expect(job?.status === 'succeeded', `the job ended as ${job?.status}: ${job?.error?.message}`);
  if (job?.modelVersion != null) {
    const { report } = await readManifest(store, DATASET, job.modelVersion);
    const file = keys.modelFile(DATASET, job.modelVersion, report?.file ?? REPORT_FILE);
    const { dataset, results } = (await readJson(store, file, REPORT))?.value ?? {};
    const found = dataset?.classes.reduce((sum, c) => sum + c.train + c.validation + c.test, 0);
    console.log(`        findings: ${JSON.stringify(dataset?.findings)}; ${found} pictures used`);
    console.log(`        test accuracy: ${JSON.stringify(results?.accuracy)}`);
    expect(dataset?.findings['file-corrupt'] === drawn.broken, `${drawn.broken} pictures are broken`);
    expect(dataset?.findings['duplicate-content'] === drawn.copies, `${drawn.copies} pictures are copies`);
    expect(found === options.pictures - drawn.broken - drawn.copies, 'pictures are missing');
    expect((results?.accuracy.value ?? 0) >= LEAST_ACCURACY, 'it has not learned');
  }
} finally {
  if (options.data === undefined) await rm(data, { recursive: true, force: true });
}
for (const problem of problems) console.error(`NOT RIGHT: ${problem}.`);
process.exit(problems.length === 0 ? 0 : 1);

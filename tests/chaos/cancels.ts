// Jobs that are cancelled in every stage, through the queue that runs them: each must be over within two seconds, and no
// trainer be silent for longer before that. A machine that has other things to do makes it late.

import { setTimeout as delay } from 'node:timers/promises';
import { isFoveaError } from '../../core/errors/errors.ts';
import { cancelJob, submitJob } from '../../core/job/queues/job-queue.ts';
import { createLocalQueue } from '../../core/job/queues/local/local-queue.ts';
import { isFinal, type JobRecord, type Progress } from '../../core/job/record/job.ts';
import { newJob } from '../support/new-job.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';
import { startTrainer } from '../support/trainer-process.ts';
import { type Chaos, drawTints, type Row } from './chaos-context.ts';

const POLL_MS = 10;
const MOST_MS = 2000;
/** Between two reports of a running trainer. */
const MOST_SILENT_MS = 2000;
const WEIGHTS = 'mobilenet_v2_0.35_224_no_top.h5';

const STAGES: readonly { readonly stage: Progress['stage']; readonly architecture: string }[] = [
  { stage: 'validating', architecture: 'small_cnn' },
  { stage: 'training', architecture: 'small_cnn' },
  { stage: 'features', architecture: 'mobilenet_v2_0.35' },
  { stage: 'training', architecture: 'mobilenet_v2_0.35' },
  { stage: 'evaluating', architecture: 'small_cnn' },
  { stage: 'exporting', architecture: 'small_cnn' },
];

/** What is said before stages that may be over before their first report. */
const LAST_WORDS: Readonly<Partial<Record<Progress['stage'], string>>> = {
  evaluating: 'The weights of epoch',
  exporting: 'Test accuracy',
};

export async function runCancels(chaos: Chaos): Promise<readonly Row[]> {
  const { jobs, storeUrl } = chaos;
  await drawTints(chaos, 'cancelled', 3, 60);
  const weightsDir = `${SHARED_DATA}/weights`;
  const queue = createLocalQueue({
    jobs,
    now: Date.now,
    onError: (error) => console.error(error),
    startTrainer: (jobId) => startTrainer({ storeUrl, jobId, weightsDir }),
  });
  queue.start();
  const rows: Row[] = [];
  const hasWeights = hasSharedData('weights', WEIGHTS);
  for (const { stage, architecture } of STAGES) {
    if (architecture !== 'small_cnn' && !hasWeights) continue;
    const { id } = await submitJob(
      { jobs, queue },
      newJob({
        architecture,
        dataset: 'cancelled',
        backend: 'portable',
        hyperparameters: {
          n_epochs: stage === 'training' ? 500 : 1,
          batch_size: 16,
          learning_rate_multiplier: 'auto',
        },
      }),
    );
    const scenario = `cancelled while ${stage}, ${architecture}`;
    const reached = await untilStage(chaos, id, stage);
    if (isFinal(reached.job.status)) {
      rows.push({ scenario, found: `${reached.job.status} before it could be`, isRight: false });
      continue;
    }
    const startedMs = performance.now();
    await cancelJob({ jobs, queue }, id).catch(unlessFinished);
    let job = (await jobs.get(id)) as JobRecord;
    while (!isFinal(job.status)) {
      await delay(POLL_MS);
      job = (await jobs.get(id)) as JobRecord;
    }
    const tookMs = performance.now() - startedMs;
    rows.push({
      scenario,
      found: `${job.status} after ${Math.round(tookMs)} ms; longest silence ${Math.round(reached.silentMs)} ms`,
      // A model that is being committed may be there before the end is asked for.
      isRight:
        (job.status === 'cancelled' || stage === 'exporting') &&
        tookMs <= MOST_MS &&
        reached.silentMs <= MOST_SILENT_MS,
    });
  }
  await queue.stop();
  return rows;
}

function unlessFinished(error: unknown): void {
  if (!isFoveaError(error, 'job-finished')) throw error;
}

async function hasSaid(jobs: Chaos['jobs'], id: string, word: string): Promise<boolean> {
  const { events } = await jobs.events(id, { limit: 1 });
  return events.some(({ message }) => message.startsWith(word));
}

/** Waits for a stage; the longest time in which a running trainer reported nothing. */
async function untilStage({ jobs }: Chaos, id: string, stage: Progress['stage']) {
  let silentMs = 0;
  let renewed = 0;
  let renewedMs = performance.now();
  for (;;) {
    const job = (await jobs.get(id)) as JobRecord;
    const expiry = job.lease?.expiresAtMs ?? 0;
    if (expiry !== renewed) {
      if (renewed !== 0) silentMs = Math.max(silentMs, performance.now() - renewedMs);
      renewed = expiry;
      renewedMs = performance.now();
    }
    const word = LAST_WORDS[stage];
    const isThere =
      word === undefined
        ? job.lease !== null && (job.progress?.stage ?? 'validating') === stage
        : await hasSaid(jobs, id, word);
    if (isThere || isFinal(job.status)) return { job, silentMs };
    await delay(POLL_MS);
  }
}

// Step 3: a job finds a machine with a T4, trains on it under a cost cap, and its model answers.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { SAMPLE_CLASSES } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { writeSampleDataset } from '../../cli/sample-dataset/write-sample-dataset.ts';
import { secondsSince } from './deploy-stack.ts';
import type { Facts, Proof } from './proof.ts';
import { DATASET, MAX_COST_USD } from './settings.ts';
import { watchJob } from './watch-job.ts';

const BASE = 'mobilenet_v2_0.35';
/** A Spot machine may take 15 minutes to be given up, and the image some to be pulled. */
const MINUTES = 60;
const [LABEL = ''] = SAMPLE_CLASSES;
const DAY_MS = 86_400_000;

/** Sends the sample dataset, trains, and predicts. A later run goes on with the job that this one made. */
export async function trainOnT4(proof: Proof): Promise<Facts> {
  const { programs, folder } = proof;
  const pictures = path.join(folder, DATASET);
  const count = await writeSampleDataset(pictures);
  await programs.fovea('datasets', 'push', pictures, '--name', DATASET, '--yes');
  const client = await proof.client();
  const known = proof.notes.job === undefined ? undefined : await client.jobs.get(proof.notes.job);
  if (known === undefined || known.status === 'failed' || known.status === 'cancelled') {
    const { id } = JSON.parse(
      await programs.fovea(
        ...[
          'train',
          DATASET,
          '--base',
          BASE,
          '--effort',
          'thorough',
          '--promote',
          'always',
          '--yes',
          '--json',
        ],
        ...['--max-cost', String(MAX_COST_USD.job), '--no-follow'],
      ),
    );
    await proof.note({ job: id });
  }
  const id = proof.notes.job ?? '';
  const job = await watchJob(proof, id, { minutes: MINUTES });
  const backEnd = (await client.jobs.eventsSince(id)).find(({ data }) => data?.['backend'] !== undefined);
  if (backEnd?.data?.['backend'] !== 'gpu')
    throw new Error(`The job ${id} did not train on a GPU: ${backEnd?.message ?? 'it does not say on what'}`);
  return {
    pictures: count,
    job: id,
    machines: `${job.machines?.pool}, ${job.machines?.capacity}`,
    back_end: backEnd.message,
    seconds_to_start: (job.started_at ?? job.created_at) - job.created_at,
    seconds_of_the_job: (job.finished_at ?? job.created_at) - (job.started_at ?? job.created_at),
    cost_usd: job.cost.usd,
    ...(job.result?.test_accuracy == null ? {} : { test_accuracy: job.result.test_accuracy }),
    ...(await askModel(proof)),
    ...(await coldStarts(proof)),
  };
}

/** Asks the model twice: for the first answer the function loads it. @throws where it does not know its own training picture. */
export async function askModel(proof: Proof): Promise<Facts> {
  const client = await proof.client();
  const picture = await readFile(path.join(proof.folder, DATASET, LABEL, `${LABEL}-001.png`));
  const seconds: number[] = [];
  for (let i = 0; i < 2; i++) {
    const begun = performance.now();
    const { label } = await client.predict.one(DATASET, picture);
    seconds.push(secondsSince(begun));
    if (label !== LABEL)
      throw new Error(`The model "${DATASET}" says "${label}" of a picture of its class "${LABEL}".`);
  }
  const [first = 0, second = 0] = seconds;
  return { label: LABEL, seconds_of_the_first_prediction: first, seconds_of_the_second_prediction: second };
}

/** What AWS says that starts of the function took, in the last day. The log comes seconds later than the answer. */
async function coldStarts({ programs, notes }: Proof): Promise<Facts> {
  const messages: readonly string[] = await programs.aws(
    ...['logs', 'filter-log-events', '--log-group-name', notes.functionLogs ?? ''],
    ...['--start-time', String(Date.now() - DAY_MS)],
    ...['--filter-pattern', '{ $.record.metrics.initDurationMs > 0 }', '--query', 'events[].message'],
  );
  const took = messages.map((message) => Number(JSON.parse(message).record.metrics.initDurationMs));
  return took.length === 0
    ? { cold_starts: 'the log has none yet' }
    : {
        cold_starts: took.length,
        cold_start_ms: `${Math.round(Math.min(...took))} to ${Math.round(Math.max(...took))}`,
      };
}

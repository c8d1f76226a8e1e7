// Shows a job at a terminal: a progress bar for the running stage with its curve, the time left and the cost, and its messages above. Where
// the output is not a terminal, it writes the messages alone.

import { setTimeout as delay } from 'node:timers/promises';
import { MultiBar, Presets } from 'cli-progress';
import type { WireJob, WireJobEvent } from '../../api/job.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import { isJobOver } from '../../client/jobs.ts';
import { formatUsd } from '../../core/network/plan/format-quantities.ts';
import { percent } from '../../core/words/quantities.ts';
import { createOutput, type Output } from '../terminal/output.ts';
import { shortTime, sparkline, timeInWords } from '../terminal/words.ts';
import { type Fact, progressLine } from './progress-line.ts';
import { watchQueue } from './watch-queue.ts';

const POLL_MS = 500;
/** How often a server elsewhere is asked: each look takes two requests. */
const REMOTE_POLL_MS = 2000;
/** Steps of a stage's bar: fine enough to move at every poll. */
const BAR_TOTAL = 1000;
/** Columns of a terminal that does not tell its width. */
const USUAL_COLUMNS = 80;

interface BarPayload {
  readonly stage: string;
  readonly facts: readonly Fact[];
}

/** How a job is followed. */
export interface FollowOptions {
  readonly signal?: AbortSignal | undefined;
  /** Where it is shown. Default: for people. */
  readonly output?: Output | undefined;
}

/** The losses and accuracies of the epochs so far of one stage. */
export interface Curves {
  readonly loss: readonly number[];
  readonly accuracy: readonly number[];
}

/**
 * Shows a job until it has ended, and returns it. As JSON, each event is a line.
 * @throws the reason of `signal`, once that is aborted.
 */
export async function followJob(
  client: FoveaClient,
  jobId: string,
  { signal, output = createOutput({}) }: FollowOptions = {},
): Promise<WireJob> {
  const bars = output.isDrawing
    ? new MultiBar(
        {
          stream: process.stdout,
          format: (_options, { progress }, { stage, facts }: BarPayload) =>
            progressLine({ stage, share: progress, facts }, process.stdout.columns || USUAL_COLUMNS),
          hideCursor: true,
          clearOnComplete: true,
          // A line that is broken into two could not be drawn over.
          linewrap: false,
        },
        Presets.shades_classic,
      )
    : undefined;
  const bar = bars?.create(BAR_TOTAL, 0, { stage: 'waiting', facts: [] } satisfies BarPayload);
  const print = (line: string) => {
    if (bars !== undefined) bars.log(`${line}\n`);
    else if (!output.isJson && !output.isQuiet) console.log(line);
  };
  const queue = watchQueue(client, print);
  const curves = createCurves();
  const pollMs = isLocal(client.url) ? POLL_MS : REMOTE_POLL_MS;
  let lastEvent: string | undefined;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const job = await client.jobs.get(jobId);
      for (const event of await client.jobs.eventsSince(jobId, lastEvent)) {
        lastEvent = event.id;
        curves.add(event);
        output.line(event);
        // The bar shows the epochs; on a terminal they would only push the messages out of sight.
        if (bars === undefined || event.type === 'message') print(lineOf(event));
      }
      await queue.look(job);
      if (isJobOver(job)) return job;
      // A paused job does not go on by itself.
      if (job.status === 'paused') return job;
      bar?.update(Math.floor(BAR_TOTAL * shareDone(job)), {
        stage: job.progress?.stage ?? job.status,
        facts: listFacts(job, curves.now()),
      } satisfies BarPayload);
      await delay(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  } finally {
    // Writes the lines that were printed since the last update.
    bars?.update();
    bars?.stop();
  }
}

/** Why a job has made no model, for people. */
export const describeFailure = ({ id, status, error }: Pick<WireJob, 'id' | 'status' | 'error'>): string =>
  status === 'cancelled' && error === null
    ? `The job ${id} was cancelled.`
    : `The job ${id} ended as ${status}: ${error?.message ?? 'no reason is known'}`;

/** An event as a line for people. */
export const lineOf = ({ level, message }: Pick<WireJobEvent, 'level' | 'message'>): string =>
  `${level === 'info' ? ' ' : '!'} ${message}`;

const isLocal = (url: string) => /^https?:\/\/(127\.|localhost|\[::1\])/.test(url);

/** Collects the numbers of epochs; a new stage begins new curves. */
function createCurves() {
  let stage: unknown;
  let loss: number[] = [];
  let accuracy: number[] = [];
  return {
    add({ type, data }: WireJobEvent): void {
      if (type !== 'metrics' || data === null) return;
      if (data['stage'] !== stage || data['epoch'] === 1) [stage, loss, accuracy] = [data['stage'], [], []];
      loss.push(Number(data['valid_loss'] ?? data['train_loss']));
      accuracy.push(Number(data['valid_accuracy'] ?? data['train_accuracy']));
    },
    now: (): Curves => ({ loss, accuracy }),
  };
}

function shareDone({ progress }: WireJob): number {
  if (progress?.step == null || !progress.steps) return 0;
  return Math.min(1, progress.step / progress.steps);
}

/** The known figures of the running stage, in a line; empty before the first progress report. */
export const factsOf = (job: FactSource): string =>
  listFacts(job)
    .map(({ text }) => text)
    .join(' · ');

type FactSource = Pick<WireJob, 'progress' | 'cost' | 'estimated_finish'>;

function listFacts(
  { progress, cost, estimated_finish: finish }: FactSource,
  curves: Curves = { loss: [], accuracy: [] },
  nowMs: number = Date.now(),
): readonly Fact[] {
  if (progress === null) return [];
  const {
    epoch,
    epochs,
    loss,
    accuracy,
    images_per_second: imagesPerSecond,
    seconds_left: stageLeft,
  } = progress;
  const secondsLeft = finish === null ? stageLeft : Math.max(stageLeft ?? 0, finish - nowMs / 1000);
  const curve = (values: readonly number[]) => (values.length < 2 ? '' : ` ${sparkline(values)}`);
  const facts: (Fact | false)[] = [
    epoch !== null && epochs !== null && { name: 'epoch', text: `epoch ${epoch}/${epochs}` },
    loss !== null && {
      name: 'loss',
      text: `loss${curve(curves.loss)} ${loss.toFixed(3)}`,
      plain: `loss ${loss.toFixed(3)}`,
    },
    accuracy !== null && {
      name: 'accuracy',
      text: `accuracy${curve(curves.accuracy)} ${percent(accuracy)}`,
      plain: `accuracy ${percent(accuracy)}`,
    },
    imagesPerSecond !== null && { name: 'speed', text: `${imagesPerSecond.toFixed(0)} pictures/s` },
    secondsLeft !== null &&
      secondsLeft > 0 && {
        name: 'left',
        text: `${timeInWords(secondsLeft)} left`,
        short: `${shortTime(secondsLeft)} left`,
      },
    cost.usd > 0 && {
      name: 'cost',
      text: `${formatUsd(cost.usd)} so far`,
      short: formatUsd(cost.usd),
    },
  ];
  return facts.filter((fact) => fact !== false);
}

// Shows a job at a terminal: a progress bar for the running stage with its curve, the time left and the cost, and its messages above. Where
// the output is not a terminal, it writes the messages alone.

import { setTimeout as delay } from 'node:timers/promises';
import { MultiBar } from 'cli-progress';
import type { WireJob, WireJobEvent } from '../../api/job.ts';
import { ApiError, ConnectionError } from '../../client/api-error.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import { isJobOver } from '../../client/jobs.ts';
import { formatUsd } from '../../core/network/plan/format-quantities.ts';
import { isLoopback } from '../../core/remote/is-loopback.ts';
import { percent } from '../../core/words/quantities.ts';
import { createOutput, type Output } from '../terminal/output.ts';
import { shortTime, sparkline, timeInWords } from '../terminal/words.ts';
import { type Fact, progressLine } from './progress-line.ts';
import { watchQueue } from './watch-queue.ts';

const POLL_MS = 500;
/** How often a server elsewhere is asked: each look takes two requests. */
const REMOTE_POLL_MS = 2000;
/** How long a server may be away, e.g. while it starts again. */
const PATIENCE_MS = 120_000;
/** Waits between the tries, the last of them again and again. */
const RETRY_MS = [1000, 2000, 5000];
/** Answers of what is before a server that is away. */
const AWAY_STATUSES: readonly number[] = [502, 503, 504];
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
  /** How long a server that does not answer is asked again, in milliseconds; 0: not at all. Default: two minutes. */
  readonly patienceMs?: number | undefined;
}

/** The losses and accuracies of the epochs so far of one stage. */
export interface Curves {
  readonly loss: readonly number[];
  readonly accuracy: readonly number[];
}

/**
 * Shows a job until it has ended, and returns it. As JSON, each event is a line. A server that goes away is asked again for a while, and its
 * absence is told.
 * @throws the reason of `signal`, once that is aborted; what the client throws.
 */
export async function followJob(
  client: FoveaClient,
  jobId: string,
  { signal, output = createOutput({}), patienceMs = PATIENCE_MS }: FollowOptions = {},
): Promise<WireJob> {
  const bars = output.isDrawing
    ? new MultiBar({
        stream: process.stdout,
        format: (_options, { progress }, { stage, facts }: BarPayload) =>
          progressLine({ stage, share: progress, facts }, process.stdout.columns || USUAL_COLUMNS),
        hideCursor: true,
        clearOnComplete: true,
        // A line that is broken into two could not be drawn over.
        linewrap: false,
      })
    : undefined;
  const bar = bars?.create(BAR_TOTAL, 0, { stage: 'waiting', facts: [] } satisfies BarPayload);
  const print = (line: string) => {
    if (bars !== undefined) bars.log(`${line}\n`);
    else if (!output.isJson && !output.isQuiet) console.log(line);
  };
  /** What is no event of the job: its place is not among the answers. */
  const tell = (line: string) => (bars === undefined ? output.note(line) : print(line));
  const pause = (ms: number) =>
    delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  const queue = watchQueue(client, print);
  const curves = createCurves();
  const pollMs = isLoopback(new URL(client.url).hostname) ? POLL_MS : REMOTE_POLL_MS;
  let lastEvent: string | undefined;
  async function look(): Promise<WireJob> {
    const job = await client.jobs.get(jobId);
    for (const event of await client.jobs.eventsSince(jobId, lastEvent)) {
      lastEvent = event.id;
      curves.add(event);
      output.line(event);
      // The bar shows the epochs; on a terminal they would only push the messages out of sight.
      if (bars === undefined || event.type === 'message') print(lineOf(event));
    }
    await queue.look(job);
    return job;
  }
  let awaySince: number | undefined;
  let tries = 0;
  try {
    for (;;) {
      signal?.throwIfAborted();
      let job: WireJob;
      try {
        job = await look();
      } catch (error) {
        awaySince ??= Date.now();
        if (!isAway(error) || Date.now() - awaySince >= patienceMs) throw error;
        if (tries === 0)
          tell(`! The server does not answer. It is asked again for ${timeInWords(patienceMs / 1000)} …`);
        await pause(RETRY_MS[tries++] ?? RETRY_MS.at(-1) ?? pollMs);
        continue;
      }
      if (tries > 0) tell('  The server answers again.');
      awaySince = undefined;
      tries = 0;
      if (isJobOver(job)) return job;
      // A paused job does not go on by itself.
      if (job.status === 'paused') return job;
      bar?.update(Math.floor(BAR_TOTAL * shareDone(job)), {
        stage: job.progress?.stage ?? job.status,
        facts: listFacts(job, curves.now()),
      } satisfies BarPayload);
      await pause(pollMs);
    }
  } finally {
    // Writes the lines that were printed since the last update.
    bars?.update();
    bars?.stop();
  }
}

/** Whether an error says that the server is away, and not what it thinks of the request. */
export const isAway = (error: unknown): boolean =>
  error instanceof ConnectionError || (error instanceof ApiError && AWAY_STATUSES.includes(error.status));

/** Why a job has made no model, for people. */
export const describeFailure = ({ id, status, error }: Pick<WireJob, 'id' | 'status' | 'error'>): string =>
  status === 'cancelled' && error === null
    ? `The job ${id} was cancelled.`
    : `The job ${id} ended as ${status}: ${error?.message ?? 'no reason is known'}`;

/** An event as a line for people. */
export const lineOf = ({ level, message }: Pick<WireJobEvent, 'level' | 'message'>): string =>
  `${level === 'info' ? ' ' : '!'} ${message}`;

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

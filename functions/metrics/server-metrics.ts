// The metrics of a server, in OpenMetrics text: what is measured in this process, and what all processes of the server tell together.
// Only servers load it.

import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  type OpenMetricsContentType,
  Registry,
} from 'prom-client';
import type { JobStore } from '../../core/job/record/job-store.ts';
import type { LaneScheduler } from '../../core/lanes/lane-scheduler.ts';
import type { PredictResult } from '../../core/predict/predictor.ts';
import type { SessionCacheUse } from '../../core/predict/session-cache.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { createDriftWatch } from '../../core/usage/watch-drift.ts';
import type { Metrics } from '../deps/metrics.ts';
import type { ProcessExchange } from '../deps/process-exchange.ts';
import { createBoundedVersions } from './bounded-versions.ts';
import { createJobCounter } from './count-jobs.ts';
import { remembered } from './remembered.ts';

/** Versions of models with series of their own, in each process. A histogram has 16 of them. */
const MOST_VERSIONS = 200;
const IDLE_MS = 60 * 60 * 1000;
/** From a small network on a fast machine to one that was cold. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** What needs the store is asked anew after so long. */
const JOBS_AGE_MS = 15_000;
const DRIFT_AGE_MS = 60_000;

/** What is measured. */
export interface ServerMetricsDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  readonly lanes: LaneScheduler;
  readonly cache: () => SessionCacheUse;
  readonly version: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Whether this process tells what all have in common: jobs and drift. */
  readonly isFirst: boolean;
  /** The other processes of the server; absent where there are none. */
  readonly exchange?: ProcessExchange | undefined;
  /** Is told why jobs or drift are missing from a scrape. */
  readonly onError: (error: unknown) => void;
}

type Series = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Begins to measure. */
export function createServerMetrics(deps: ServerMetricsDeps): Metrics {
  const { lanes, cache, clock, exchange } = deps;
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const durations = new Histogram({
    name: 'fovea_prediction_duration_seconds',
    help: 'Time of a prediction of one or many pictures, from its admission to the last answer.',
    labelNames: ['model', 'version'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const pictures = new Counter({
    name: 'fovea_predicted_pictures_total',
    help: 'Pictures, by what became of them: accepted, rejected (below the threshold of the model) or unreadable.',
    labelNames: ['model', 'version', 'outcome'],
    registers,
  });
  const requests = new Counter({
    name: 'fovea_requests_total',
    help: 'Answered requests, by operation and status.',
    labelNames: ['operation', 'status'],
    registers,
  });
  /** Reads a number when it is asked for. */
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  gauge('fovea_lanes', 'Lanes in which predictions are made.', () => lanes.lanes);
  gauge('fovea_lane_arriving', 'Requests whose bodies are still read.', () => lanes.load.arriving);
  gauge('fovea_lane_waiting', 'Requests that wait for a lane.', () => lanes.load.waiting);
  gauge('fovea_lane_running', 'Pictures that are read or computed in a lane.', () => lanes.load.running);
  counter(
    'fovea_lane_refused_total',
    'Requests that were refused because too many wait.',
    () => lanes.load.refused,
  );
  gauge(
    'fovea_loaded_models',
    'Sessions that are loaded: models, and what draws their heatmaps and explains them.',
    () => cache().count,
  );
  gauge('fovea_loaded_models_bytes', 'Memory that they take, as it is counted.', () => cache().sizeBytes);
  counter('fovea_model_hits_total', 'Predictions that found their model loaded.', () => cache().hits);
  counter('fovea_model_loads_total', 'Models that were loaded.', () => cache().loads);
  new Gauge({
    name: 'fovea_build',
    help: 'The version of Fovea; the value is 1.',
    labelNames: ['fovea_version'],
    aggregator: 'first',
    registers,
  }).set({ fovea_version: deps.version }, 1);
  if (deps.isFirst) {
    measureJobs(deps, registers);
    measureDrift(deps, registers);
  }

  const labelsOf = createBoundedVersions({
    most: MOST_VERSIONS,
    idleMs: IDLE_MS,
    clock,
    onRemoved(labels) {
      durations.remove({ ...labels });
      for (const outcome of ['accepted', 'rejected', 'unreadable']) pictures.remove({ ...labels, outcome });
    },
  });

  const tellOwn = async () => {
    const own: Series = await registry.getMetricsAsJSON();
    return exchange?.inherited === undefined
      ? own
      : merge([own, countersOf(exchange.inherited as Series)]).getMetricsAsJSON();
  };
  exchange?.answer(tellOwn);

  return {
    answered({ operation, status }) {
      requests.inc({ operation, status });
    },
    predicted(result) {
      const labels = labelsOf(result.model, result.modelVersion);
      durations.observe({ ...labels }, result.timingMs.total / 1000);
      for (const outcome of outcomesOf(result)) pictures.inc({ ...labels, outcome });
    },
    async scrape() {
      const { contentType } = registry;
      if (exchange === undefined) return { contentType, text: await registry.metrics() };
      const told = await exchange.ask();
      const of = (isCurrent: boolean) =>
        told.filter((one) => one.isCurrent === isCurrent).map(({ value }) => value as Series);
      // The living come first, since the first of several tells what they have in common.
      const living = of(true);
      const known = new Set(living.flat().map(({ name }) => name));
      const all = [...living, ...of(false).map((series) => lastingOf(series, known))];
      return { contentType, text: await merge(all).metrics() };
    },
  };
}

const outcomesOf = ({ outcomes }: PredictResult) =>
  outcomes.map((outcome) => (outcome.ok ? (outcome.isRejected ? 'rejected' : 'accepted') : 'unreadable'));

function merge(series: readonly Series[]): Registry<OpenMetricsContentType> {
  const all = series.map((one) => one.map((metric) => withEarliestStart(withoutTotal(metric))));
  const merged = AggregatorRegistry.aggregate(all) as unknown as Registry<OpenMetricsContentType>;
  merged.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return merged;
}

const isCounter = ({ type }: Series[number]) => String(type) === 'counter';

/** The library adds `_total` to the names of counters that it has merged, whether they have it or not. */
const withoutTotal = (metric: Series[number]): Series[number] =>
  isCounter(metric) ? { ...metric, name: metric.name.replace(/_total$/, '') } : metric;

/** The library leaves out when processes started: the first of them is when the server did, whose counters never fall. */
const withEarliestStart = (metric: Series[number]): Series[number] =>
  metric.name === 'process_start_time_seconds' ? { ...metric, aggregator: 'min' } : metric;

/** What must never fall: a process that was lost has counted, and what it held is gone. */
const countersOf = (series: Series): Series =>
  series.filter((metric) => isCounter(metric) || String(metric.type) === 'histogram');

/** What stays of a process that is gone: its counters, and what it alone told of the whole server, as jobs and drift. */
const lastingOf = (series: Series, known: ReadonlySet<string>): Series => [
  ...countersOf(series),
  ...series.filter(({ name, aggregator }) => String(aggregator) === 'first' && !known.has(name)),
];

type Registers = Registry<OpenMetricsContentType>[];

/** What is found out in the store, or nothing where that fails: all else is told all the same. */
function ofStore<T>(
  find: () => Promise<readonly T[]>,
  ageMs: number,
  { clock, onError }: ServerMetricsDeps,
): () => Promise<readonly T[]> {
  const orNothing = () =>
    find().catch((error: unknown) => {
      onError(error);
      return [];
    });
  return remembered(orNothing, ageMs, clock);
}

function measureJobs(deps: ServerMetricsDeps, registers: Registers): void {
  const count = ofStore(createJobCounter(deps), JOBS_AGE_MS, deps);
  new Gauge({
    name: 'fovea_jobs',
    help: 'Jobs and batch predictions of the store, by kind and status: the newest 10,000 of each kind.',
    labelNames: ['kind', 'status'],
    aggregator: 'first',
    registers,
    async collect() {
      this.reset();
      for (const { kind, status, count: value } of await count()) this.set({ kind, status }, value);
    },
  });
  new Gauge({
    name: 'fovea_job_queue_depth',
    help: 'Jobs and batch predictions that wait for a trainer.',
    labelNames: ['kind'],
    aggregator: 'first',
    registers,
    async collect() {
      this.reset();
      for (const { kind, status, count: value } of await count())
        this.inc({ kind }, status === 'queued' || status === 'validating_files' ? value : 0);
    },
  });
}

function measureDrift(deps: ServerMetricsDeps, registers: Registers): void {
  const watch = ofStore(createDriftWatch(deps), DRIFT_AGE_MS, deps);
  const gauge = (
    name: string,
    help: string,
    read: (drift: Awaited<ReturnType<typeof watch>>[number]) => readonly (readonly [number, string?])[],
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['model', 'version', 'of'],
      aggregator: 'first',
      registers,
      async collect() {
        this.reset();
        for (const found of (await watch()).slice(0, MOST_VERSIONS))
          for (const [value, of] of read(found)) {
            const { model, version } = found;
            this.set({ model, version, ...(of === undefined ? {} : { of }) }, value);
          }
      },
    });
  gauge(
    'fovea_score_drift_index',
    'Population stability index of the best scores of the last 7 days against those of the judged pictures; 0.25 is a large change.',
    ({ drift }) => [[drift.index]],
  );
  gauge(
    'fovea_score_drift_by_chance',
    'What the index exceeds in one of twenty cases where nothing has changed.',
    ({ drift }) => [[drift.byChance]],
  );
  gauge('fovea_score_drift_pictures', 'Pictures that were predicted in the last 7 days.', ({ pictures }) => [
    [pictures],
  ]);
  gauge(
    'fovea_score_drift_since_timestamp_seconds',
    'Beginning of the day since which the drift is large; absent where it is not.',
    ({ since }) => (since === undefined ? [] : [[Date.parse(since) / 1000]]),
  );
  gauge(
    'fovea_score_mean',
    'Mean best score, of the pictures that were served in the last 7 days and of those that were judged.',
    ({ meanScore, judgedMeanScore }) => [
      [meanScore, 'served'],
      [judgedMeanScore, 'judged'],
    ],
  );
  gauge(
    'fovea_rejected_share',
    'Share of the pictures that is rejected, of those that were served in the last 7 days and of those that were judged.',
    ({ rejected, judgedRejected }) =>
      judgedRejected === undefined
        ? []
        : [
            [rejected, 'served'],
            [judgedRejected, 'judged'],
          ],
  );
}

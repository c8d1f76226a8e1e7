// Carries a batch prediction out: all of it in one process, or one of its shards beside the others. Which pictures there are was written
// down when the batch was made.

import { availableParallelism } from 'node:os';
import {
  describeCounts,
  finishBatch,
  settleResults,
  withEnd,
} from '../core/batch-prediction/finish-batch.ts';
import { predictChunks } from '../core/batch-prediction/predict-chunks.ts';
import { monotonicMs } from '../core/clock.ts';
import { FoveaError } from '../core/errors/errors.ts';
import { type BatchPrediction, chunkLength, chunksOfShard } from '../core/job/record/batch-prediction.ts';
import type { JobRecord } from '../core/job/record/job.ts';
import { addTrialSpending, openTrial } from '../core/job/record/trial-records.ts';
import { createLaneScheduler } from '../core/lanes/lane-scheduler.ts';
import { createSessionLanes, MODEL_MAX_BYTES, PICTURES_PER_LANE } from '../core/predict/laned-session.ts';
import { createPredictor, type Predictor } from '../core/predict/predictor.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import type { AttemptContext } from './attempt/attempt-context.ts';
import { type AttemptOutcome, type RunJobDeps, runAttempt } from './attempt/run-attempt.ts';

/** Pictures in hand for each lane: those in it, and as many that are being read. */
const IN_HAND_PER_LANE = 2 * PICTURES_PER_LANE;
const SECOND_MS = 1000;

/** Opens the predictor of a batch, and says how many lanes it has. */
export type OpenBatchPredictor = (
  store: ObjectStore,
  precision: BatchPrediction['precision'],
) => { readonly predictor: Predictor; readonly lanes: number };

/** As a server has it: with a thread for each processor. */
const openLanedPredictor: OpenBatchPredictor = (store, precision) => {
  const lanes = availableParallelism();
  const openSession = createSessionLanes({ lanes, maxBytes: MODEL_MAX_BYTES });
  return { lanes, predictor: createPredictor({ store, precision, openSession }) };
};

/** What carries a batch prediction out. */
export interface RunBatchDeps extends RunJobDeps {
  /** Default: as a server has it. */
  readonly openPredictor?: OpenBatchPredictor;
}

/** Runs one attempt at a whole batch prediction. It never rejects: failures are written into the record. */
export const runBatch = (deps: RunBatchDeps, batchId: string): Promise<AttemptOutcome> =>
  runAttempt(deps, batchId, async () => {
    // Its shards may have run in processes of their own before.
    await addTrialSpending(deps, batchId);
    return {
      jobs: deps.jobs,
      isBegun: true,
      async carryOut(attempt, job) {
        const batch = predictionOf(job);
        await predictAll({ ...deps, ...attempt }, job, undefined);
        const counts = await settleResults(attempt.store, job, batch);
        if (counts === undefined)
          throw new FoveaError(
            'batch-results-damaged',
            `Results of batch "${batchId}" were deleted while it ran.`,
          );
        return {
          changes: { prediction: withEnd(batch, counts, attempt.now()) },
          message: describeCounts(counts),
          data: { ...counts },
        };
      },
      close: async () => undefined,
    };
  });

/**
 * Runs one attempt at a shard. The one that answers the last chunk ends the batch.
 * @param shard from 1.
 */
export const runShard = (deps: RunBatchDeps, batchId: string, shard: number): Promise<AttemptOutcome> =>
  runAttempt(deps, batchId, async () => {
    const opened = await openTrial(deps, batchId, shard);
    if (opened === undefined) {
      // The one before may have been killed between its last chunk and the end of the batch.
      await finishBatch(deps, batchId);
      return undefined;
    }
    return {
      jobs: opened,
      isBegun: true,
      async carryOut(attempt, job) {
        const batch = predictionOf(job);
        const counts = await predictAll({ ...deps, ...attempt }, job, shard);
        return {
          changes: { prediction: withEnd(batch, counts, attempt.now()) },
          message: describeCounts(counts),
          data: { ...counts },
        };
      },
      async close() {
        await opened.close();
        await finishBatch(deps, batchId);
      },
    };
  });

/** Predicts the chunks of a shard, or all chunks, and reports how far it has come. */
async function predictAll(
  { store, reporter, now, openPredictor = openLanedPredictor }: AttemptContext & RunBatchDeps,
  job: JobRecord,
  shard: number | undefined,
) {
  const { id: batchId, model } = job;
  const batch = predictionOf(job);
  const chunks = chunksOfShard(batch, shard);
  const pictures = chunks.reduce((sum, chunk) => sum + chunkLength(batch, chunk), 0);
  const { predictor, lanes: count } = openPredictor(store, batch.precision);
  const lanes = createLaneScheduler({ lanes: count, piecesPerLane: PICTURES_PER_LANE, maxWaiting: 1 });
  reporter.startStage('evaluating', { steps: pictures, step: 0 });
  let since: { readonly ms: number; readonly answered: number } | undefined;
  try {
    return await lanes.admit({ client: '', model }, reporter.signal, (turns) =>
      predictChunks(
        {
          store,
          predictor,
          turns,
          concurrency: IN_HAND_PER_LANE * lanes.lanes,
          signal: reporter.signal,
          now,
          async onAnswered(counts, answeredChunks) {
            const answered = counts.completed + counts.failed;
            since ??= { ms: monotonicMs(), answered };
            const seconds = (monotonicMs() - since.ms) / SECOND_MS;
            const speed =
              seconds > 0 && answered > since.answered ? (answered - since.answered) / seconds : null;
            reporter.update({
              step: answered,
              imagesPerSecond: speed,
              secondsLeft: speed === null ? null : (pictures - answered) / speed,
            });
            reporter.cameTo([answeredChunks]);
            await reporter.setBatchCounts(counts);
          },
        },
        { batchId, model, batch, chunks },
      ),
    );
  } finally {
    predictor.close();
  }
}

function predictionOf({ id, prediction }: JobRecord): BatchPrediction {
  if (prediction === undefined) throw new TypeError(`"${id}" is no batch prediction.`);
  return prediction;
}

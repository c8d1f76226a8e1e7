// Turns a request for a batch prediction into a job: finds the model's version, lists the pictures and writes them down, and estimates.

import type { z } from 'zod';
import { type BatchDryRunSchema, type CreateBatchSchema, windowSeconds } from '../../api/batch.ts';
import {
  type BatchEstimate,
  chunkSizeFor,
  estimateBatch,
  machineForBatches,
} from '../../core/batch-prediction/estimate-batch.ts';
import { inputInvalid, toInputKey } from '../../core/batch-prediction/input-key.ts';
import { writeInputChunk } from '../../core/batch-prediction/input-picture.ts';
import { type InputSource, type ListedPicture, listInput } from '../../core/batch-prediction/list-input.ts';
import { toBatchJob } from '../../core/batch-prediction/new-batch-job.ts';
import { planInput } from '../../core/batch-prediction/plan-input.ts';
import { isFileId, looksLikeFileId } from '../../core/file/file-id.ts';
import type { JobStart } from '../../core/job/queues/job-queue.ts';
import { type BatchPrediction, NOTHING_ANSWERED } from '../../core/job/record/batch-prediction.ts';
import { createBatchId } from '../../core/job/record/job-id.ts';
import type { NewJob } from '../../core/job/record/job-store.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { resolveVersion } from '../../core/model/versions.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppDeps } from '../deps/deps.ts';
import { fileNotFound } from './file-rights.ts';
import { explainMissingModel } from './missing-model.ts';
import { toModelAndVersion } from './models.ts';

type CreateBatchRequest = z.output<typeof CreateBatchSchema>;

/** A batch whose pictures are written down, and which is to be submitted; or what it would take. */
export type NewBatch =
  | { readonly dryRun: z.output<typeof BatchDryRunSchema> }
  | { readonly id: string; readonly job: NewJob; readonly start: JobStart | undefined };

/** Labelled pictures by which a batch judges the version. */
export interface JudgingInput {
  readonly evaluation: NonNullable<BatchPrediction['evaluation']>;
  readonly pictures: readonly ListedPicture[];
}

/** What the key of the request allows. */
export interface BatchRights {
  /** Whether pictures of datasets may be predicted. */
  readonly mayReadDatasets: boolean;
  /** Throws where the model may not be used, before anything says whether there is one. */
  requireModel(model: string): void;
  /** Throws where the file is not there, or the key may not use it. */
  requireFile(id: string): Promise<void>;
  /** Throws where the batch may not be made. */
  require(batch: Pick<BatchPrediction, 'source' | 'readsDatasets'> & Pick<NewJob, 'model'>): void;
  /** Counts its pictures; rejects where the key may not have so many predicted. */
  count(batch: Pick<NewJob, 'model'> & Pick<BatchPrediction, 'pictures'>): Promise<void>;
}

/**
 * Prepares a batch. What it has written is deleted again where it fails.
 * @param judge finds the pictures where the batch judges the version; then all of its labels are answered.
 * @throws {FoveaError} `batch-input-invalid`; as finding a model; as its rights; what `judge` throws.
 */
export async function createNewBatch(
  deps: AppDeps,
  request: CreateBatchRequest,
  rights: BatchRights,
  signal: AbortSignal,
  judge?: (manifest: Manifest) => Promise<JudgingInput>,
): Promise<NewBatch> {
  const { store, now, machines } = deps;
  const manifest = await findManifest(deps, request, rights);
  const { source, param } = toSource(store.url, request);
  if (isFileId(source.key)) await rights.requireFile(source.key);
  const isOfDatasets = source.kind === 'prefix' && source.key.startsWith(keys.datasets());
  rights.require({ model: manifest.model, source, readsDatasets: isOfDatasets });
  const { mayReadDatasets } = rights;
  const machine = machineForBatches(machines);
  const judging = await judge?.(manifest);
  const topK = judging === undefined ? request.top_k : manifest.labels.length;
  const chunkSize = chunkSizeFor(manifest, machine, topK);
  const listed =
    judging?.pictures ??
    listInput(store, source, { param, endpoint: request.endpoint ?? null, mayReadDatasets, signal });
  const id = createBatchId(now());
  try {
    const { pictures, meanBytes, readsDatasets, datasets } = await planInput(listed, {
      param,
      chunkSize,
      ...(request.dry_run ? {} : { write: (chunk, lines) => writeInputChunk(store, id, chunk, lines) }),
    });
    const estimate = estimateBatch(machine, {
      manifest,
      pictures,
      meanBytes,
      chunkSize,
      shards: request.shards,
    });
    if (request.dry_run) return { dryRun: toDryRun(manifest, pictures, estimate) };
    const planned = {
      manifest,
      source,
      pictures,
      readsDatasets,
      datasets,
      chunkSize,
      estimate,
      topK,
      evaluation: judging?.evaluation,
    };
    const prediction = toPrediction(deps, request, planned);
    await rights.count({ model: manifest.model, pictures });
    return { id, job: toBatchJob(manifest, prediction, request.metadata ?? {}), start: toStart(estimate) };
  } catch (error) {
    if (!request.dry_run) await store.eraseAll(keys.jobFiles(id)).catch(() => undefined);
    throw error;
  }
}

async function findManifest(
  { store, jobs }: AppDeps,
  { model: named, endpoint, version }: CreateBatchRequest,
  rights: BatchRights,
): Promise<Manifest> {
  const reference = named ?? decodeURIComponent(endpoint?.split('/')[3] ?? '');
  const { model, version: wanted } = toModelAndVersion(reference, version);
  rights.requireModel(model);
  const resolved = await resolveVersion(store, model, wanted).catch(explainMissingModel(jobs, model));
  return readManifest(store, model, resolved);
}

/** @throws {FoveaError} `batch-input-invalid`, `file-not-found`. */
function toSource(
  storeUrl: string,
  { input_prefix: prefix, input_file_id: file }: CreateBatchRequest,
): { readonly source: InputSource; readonly param: string } {
  const param = prefix === undefined ? 'input_file_id' : 'input_prefix';
  if (file !== undefined && isFileId(file)) return { source: { kind: 'file', key: file }, param };
  const found = toInputKey(storeUrl, prefix ?? file ?? '');
  if ('problem' in found) {
    if (file !== undefined && looksLikeFileId(file)) throw fileNotFound(file, param);
    throw inputInvalid(found.problem, param);
  }
  const { key } = found;
  if (prefix === undefined) return { source: { kind: 'file', key }, param };
  return { source: { kind: 'prefix', key: key.endsWith('/') ? key : `${key}/` }, param };
}

/** What the settings of a batch are made of. */
interface Planned {
  readonly manifest: Manifest;
  readonly source: InputSource;
  readonly pictures: number;
  readonly readsDatasets: boolean;
  readonly datasets: readonly string[] | undefined;
  readonly chunkSize: number;
  readonly estimate: BatchEstimate;
  readonly topK: number;
  readonly evaluation: BatchPrediction['evaluation'];
}

function toPrediction(
  { now, precision }: AppDeps,
  request: CreateBatchRequest,
  { manifest, source, pictures, readsDatasets, datasets, chunkSize, estimate, topK, evaluation }: Planned,
): BatchPrediction {
  const {
    completion_window: completionWindow = null,
    endpoint = null,
    input_file_id: inputFileId = null,
  } = request;
  const { shards, seconds, usd } = estimate;
  return {
    version: manifest.version,
    topK,
    precision: precision ?? 'float32',
    lines: endpoint === null ? 'fovea' : 'openai',
    source,
    readsDatasets,
    ...(datasets === undefined ? {} : { datasets: [...datasets] }),
    ...(evaluation === undefined ? {} : { evaluation }),
    endpoint,
    inputFileId,
    completionWindow,
    pictures,
    chunkSize,
    shards,
    estimate: { seconds, usd },
    expiresAt: completionWindow === null ? null : Math.floor(now() / 1000) + windowSeconds(completionWindow),
    counts: NOTHING_ANSWERED,
    finalizingAt: null,
  };
}

const toStart = ({ machine: { pool, gpu } }: BatchEstimate): JobStart | undefined =>
  pool === undefined
    ? undefined
    : {
        pool,
        reason: `It starts on "${pool}", the cheapest machines for predictions.`,
        hasGpu: gpu !== undefined,
      };

const toDryRun = (
  { model, version }: Manifest,
  pictures: number,
  { machine, shards, seconds, usd, basis }: BatchEstimate,
): z.output<typeof BatchDryRunSchema> => ({
  object: 'batch.dry_run',
  model,
  model_version: version,
  pictures,
  shards,
  estimate: { seconds, usd, machine: machine.name, basis: [...basis] },
});

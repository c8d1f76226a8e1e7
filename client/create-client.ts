// The typed client of Fovea's API. Its types are those of the schemas that the server checks; it needs `fetch` and nothing else, so that it
// runs in Node, Deno, Bun and browsers.

import type { WireArchitecture } from '../api/architecture.ts';
import type { CreatePlanBody, WirePlan } from '../api/plan.ts';
import type { WireWorker } from '../api/worker.ts';
import { type BatchCalls, batchCalls } from './batches.ts';
import { type DatasetCalls, datasetCalls } from './datasets.ts';
import { type JobCalls, jobCalls } from './jobs.ts';
import { type KeyCalls, keyCalls } from './keys.ts';
import { type ModelCalls, modelCalls } from './models.ts';
import { type PredictCalls, predictCalls } from './predictions.ts';
import { type CallOptions, type ClientOptions, createTransport } from './transport.ts';
import { type UploadCalls, uploadCalls } from './uploads.ts';

/**
 * A client of one server. Every call rejects with an `ApiError` where the API refuses, a `ConnectionError` where no server answers, an
 * `UnexpectedAnswerError` where the answer is of something else, and the reason of its `signal`.
 */
export interface FoveaClient {
  /** URL of the server, without a slash at its end. */
  readonly url: string;
  readonly datasets: DatasetCalls;
  readonly uploads: UploadCalls;
  readonly jobs: JobCalls;
  readonly models: ModelCalls;
  readonly predict: PredictCalls;
  readonly batches: BatchCalls;
  readonly keys: KeyCalls;
  /** The networks that jobs can train. */
  architectures(options?: CallOptions): Promise<readonly WireArchitecture[]>;
  /** What a network needs before it runs. */
  plan(body: CreatePlanBody, options?: CallOptions): Promise<WirePlan>;
  /** The workers that the server saw within the last hour. */
  workers(options?: CallOptions): Promise<readonly WireWorker[]>;
  /** Says which version of Fovea answers, and whether it keeps pictures with their right label; needs no key. */
  health(
    options?: CallOptions,
  ): Promise<{ readonly live: true; readonly version: string; readonly keeps_feedback?: boolean }>;
}

/**
 * Makes a client.
 * @throws {TypeError} where the URL is none of http or https.
 */
export function createClient(options: ClientOptions): FoveaClient {
  const transport = createTransport(options);
  const { url, ask } = transport;
  const uploads = uploadCalls(transport);
  const listed = async <T>(path: string, given?: CallOptions) =>
    (await ask<{ data: readonly T[] }>('list', 'GET', path, given)).data;
  return {
    url,
    datasets: datasetCalls(transport),
    uploads,
    jobs: jobCalls(transport),
    models: modelCalls(transport),
    predict: predictCalls(transport, uploads),
    batches: batchCalls(transport),
    keys: keyCalls(transport),
    architectures: (given) => listed<WireArchitecture>('/v1/architectures', given),
    plan: (body, given) => ask('plan', 'POST', '/v1/plans', { ...given, json: body }),
    workers: (given) => listed<WireWorker>('/v1/workers', given),
    health: (given) => ask(null, 'GET', '/healthz', given),
  };
}

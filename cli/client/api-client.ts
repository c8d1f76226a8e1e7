// The HTTP API as the command sees it: the few calls that it makes. The API's own schemas check the answers, and errors
// become messages.

import type { z } from 'zod';
import {
  ApiKeyListSchema,
  type CreateApiKeyBody,
  NewApiKeySchema,
  RevokedApiKeySchema,
  type WireApiKey,
  type WireNewApiKey,
} from '../../api/api-key.ts';
import type { CreateJobBody } from '../../api/create-job.ts';
import { ErrorSchema } from '../../api/error.ts';
import {
  isJobOver,
  JobEventListSchema,
  JobListSchema,
  JobSchema,
  type WireJob,
  type WireJobEvent,
} from '../../api/job.ts';
import { type WireManifest, WireManifestSchema } from '../../api/manifest.ts';
import { PredictionSchema, type WirePrediction } from '../../api/prediction.ts';
import { type WireReport, WireReportSchema } from '../../api/report.ts';
import { type WireWorker, WorkerListSchema } from '../../api/worker.ts';

/** An answer of the API that is an error. Its message is the API's; its code is null where the answer had none. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string | null;

  constructor(status: number, code: string | null, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * The calls of the API that the command makes. Each rejects with an {@link ApiError} where the API refuses, and with an
 * `Error` where no server answers or its answer is of another version.
 */
export interface ApiClient {
  putDatasetFile(dataset: string, path: string, body: Uint8Array): Promise<void>;
  createJob(body: CreateJobBody): Promise<WireJob>;
  job(id: string): Promise<WireJob>;
  /** Jobs that were created before this one and have not ended, newest first. */
  openJobsBefore(id: string): Promise<readonly WireJob[]>;
  cancelJob(id: string): Promise<WireJob>;
  /** The URL to which a person may POST to cancel a job. */
  cancelUrl(id: string): string;
  /** The events after the one with the id `after`, oldest first; without it, the latest ones. */
  eventsSince(id: string, after: string | undefined): Promise<readonly WireJobEvent[]>;
  predict(model: string, image: Uint8Array): Promise<WirePrediction>;
  report(model: string): Promise<WireReport>;
  manifest(model: string): Promise<WireManifest>;
  workers(): Promise<readonly WireWorker[]>;
  createKey(body: CreateApiKeyBody): Promise<WireNewApiKey>;
  /** All keys of the server's store, by name. */
  keys(): Promise<readonly WireApiKey[]>;
  /** @param graceSeconds how long the present secret stays valid. */
  rotateKey(name: string, graceSeconds: number): Promise<WireNewApiKey>;
  revokeKey(name: string): Promise<void>;
}

/** Events read with each request; a follower asks again often enough. */
const EVENTS_PAGE = 100;
/** Keys read with each request. */
const KEYS_PAGE = 100;
/** Jobs searched for those that are before one in the queue. */
const JOBS_PAGE = 100;

/**
 * A client of the API at `url`.
 * @param apiKey is needed where the server has keys.
 */
export function createApiClient(url: string, apiKey?: string): ApiClient {
  async function send(method: string, path: string, body?: Uint8Array | object): Promise<string> {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body === undefined
        ? {}
        : { body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw toApiError(response.status, text);
    return text;
  }

  async function request<T extends z.ZodType>(
    answer: T,
    method: string,
    path: string,
    body?: Uint8Array | object,
  ): Promise<z.output<T>> {
    const parsed = answer.safeParse(parseJson(await send(method, path, body)));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Error(
      `${method} ${path} was not answered as this version of Fovea expects: ${issue?.path.join('.')}: ${issue?.message}. ` +
        'The server may be of another version of Fovea.',
      { cause: parsed.error },
    );
  }

  const segment = encodeURIComponent;
  const jobPath = (id: string) => `/v1/fine_tuning/jobs/${segment(id)}`;

  return {
    async putDatasetFile(dataset, path, body) {
      await send('PUT', `/v1/datasets/${segment(dataset)}/${path.split('/').map(segment).join('/')}`, body);
    },
    createJob: (body) => request(JobSchema, 'POST', '/v1/fine_tuning/jobs', body),
    job: (id) => request(JobSchema, 'GET', jobPath(id)),
    async openJobsBefore(id) {
      const path = `/v1/fine_tuning/jobs?after=${segment(id)}&limit=${JOBS_PAGE}`;
      const { data } = await request(JobListSchema, 'GET', path);
      return data.filter((job) => !isJobOver(job));
    },
    cancelJob: (id) => request(JobSchema, 'POST', `${jobPath(id)}/cancel`),
    cancelUrl: (id) => new URL(`${jobPath(id)}/cancel`, url).href,
    async eventsSince(id, after) {
      const { data } = await request(JobEventListSchema, 'GET', `${jobPath(id)}/events?limit=${EVENTS_PAGE}`);
      const seen = data.findIndex((event) => event.id === after);
      return (seen === -1 ? data : data.slice(0, seen)).reverse();
    },
    report: (model) => request(WireReportSchema, 'GET', `/v1/models/${segment(model)}/report?format=json`),
    manifest: (model) =>
      request(WireManifestSchema, 'GET', `/v1/models/${segment(model)}/files/manifest.json`),
    workers: async () => (await request(WorkerListSchema, 'GET', '/v1/workers')).data,
    createKey: (body) => request(NewApiKeySchema, 'POST', '/v1/keys', body),
    async keys() {
      const all: WireApiKey[] = [];
      for (;;) {
        const after = all.at(-1)?.name;
        const path = `/v1/keys?limit=${KEYS_PAGE}${after === undefined ? '' : `&after=${segment(after)}`}`;
        const { data, has_more } = await request(ApiKeyListSchema, 'GET', path);
        all.push(...data);
        if (!has_more || data.length === 0) return all;
      }
    },
    rotateKey: (name, graceSeconds) =>
      request(NewApiKeySchema, 'POST', `/v1/keys/${segment(name)}/rotate`, { grace_seconds: graceSeconds }),
    revokeKey: async (name) =>
      void (await request(RevokedApiKeySchema, 'DELETE', `/v1/keys/${segment(name)}`)),
    predict: (model, image) =>
      request(PredictionSchema, 'POST', `/v1/models/${segment(model)}/predict`, image),
  };
}

function toApiError(status: number, text: string): ApiError {
  const { data } = ErrorSchema.safeParse(parseJson(text));
  return data === undefined
    ? new ApiError(status, null, `The API answered ${status}: ${text.slice(0, 200)}`)
    : new ApiError(status, data.error.code, data.error.message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// The HTTP API as the command sees it: the few calls it makes, with the API's own errors as messages.

export interface ApiJob {
  readonly id: string;
  readonly status: string;
  readonly model: string;
  readonly fine_tuned_model: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly progress: {
    readonly stage: string;
    readonly epoch: number | null;
    readonly epochs: number | null;
    readonly step: number | null;
    readonly steps: number | null;
    readonly loss: number | null;
    readonly accuracy: number | null;
    readonly imagesPerSecond: number | null;
    readonly secondsLeft: number | null;
  } | null;
}

export interface ApiEvent {
  readonly id: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly type: 'message' | 'metrics';
  readonly message: string;
}

export interface ApiPrediction {
  readonly model: string;
  readonly model_version: string;
  readonly label: string;
  readonly score: number;
  readonly predictions: readonly { readonly label: string; readonly score: number }[];
  readonly timing_ms: Readonly<Record<string, number | boolean>>;
}

/** As much of a model's report as is needed to train the model again. */
export interface ApiReport {
  readonly model: string;
  readonly version: string;
  readonly architecture: string;
  readonly dataset: { readonly name: string; readonly contentHash: string };
  readonly results: {
    readonly accuracy: { readonly value: number };
    readonly calibration: { readonly before: { readonly crossEntropy: number } };
  } | null;
  readonly training: {
    readonly seed: number;
    readonly hyperparameters: Readonly<Record<string, unknown>>;
    readonly recipe: Readonly<Record<string, unknown>>;
    readonly split: Readonly<Record<string, number>>;
    readonly backend: string;
    readonly versions: Readonly<Record<string, string>>;
    /** Missing from older reports. */
    readonly remedies?: readonly { readonly remedy: string }[];
  };
}

export interface ApiManifest {
  readonly onnx: { readonly sha256: string };
}

/** The API answered with an error. */
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

export interface ApiClient {
  putDatasetFile(dataset: string, path: string, body: Uint8Array): Promise<void>;
  createJob(body: Readonly<Record<string, unknown>>): Promise<ApiJob>;
  job(id: string): Promise<ApiJob>;
  /** Oldest first, those after the given one. */
  eventsSince(id: string, after: string | undefined): Promise<readonly ApiEvent[]>;
  predict(model: string, image: Uint8Array): Promise<ApiPrediction>;
  report(model: string): Promise<ApiReport>;
  manifest(model: string): Promise<ApiManifest>;
}

/** Events read with each request; a follower asks again often enough. */
const EVENTS_PAGE = 100;

/** A client of the API at `url`. */
export function createApiClient(url: string): ApiClient {
  async function request<T>(method: string, path: string, body?: Uint8Array | object): Promise<T> {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(new URL(path, url), {
      method,
      ...(body === undefined
        ? {}
        : {
            body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
            headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
          }),
    });
    const text = await response.text();
    if (!response.ok) throw toApiError(response.status, text);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  const segment = encodeURIComponent;
  const jobPath = (id: string) => `/v1/fine_tuning/jobs/${segment(id)}`;

  return {
    async putDatasetFile(dataset, path, body) {
      await request(
        'PUT',
        `/v1/datasets/${segment(dataset)}/${path.split('/').map(segment).join('/')}`,
        body,
      );
    },
    createJob: (body) => request('POST', '/v1/fine_tuning/jobs', body),
    job: (id) => request('GET', jobPath(id)),
    async eventsSince(id, after) {
      const { data } = await request<{ data: ApiEvent[] }>(
        'GET',
        `${jobPath(id)}/events?limit=${EVENTS_PAGE}`,
      );
      const seen = data.findIndex((event) => event.id === after);
      return (seen === -1 ? data : data.slice(0, seen)).reverse();
    },
    report: (model) => request('GET', `/v1/models/${segment(model)}/report?format=json`),
    manifest: (model) => request('GET', `/v1/models/${segment(model)}/files/manifest.json`),
    predict: (model, image) => request('POST', `/v1/models/${segment(model)}/predict`, image),
  };
}

function toApiError(status: number, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string | null; message: string } };
    return new ApiError(status, error.code, error.message);
  } catch {
    return new ApiError(status, null, `The API answered ${status}: ${text.slice(0, 200)}`);
  }
}

// What the HTTP app is given: ports and settings. Entry points choose the drivers behind them.

import type { KeyRing } from '../../core/api-key/key-ring.ts';
import type { KnownKey } from '../../core/api-key/known-key.ts';
import type { WebhookReceivers } from '../../core/environment.ts';
import type { KeptAnswers } from '../../core/idempotency/kept-answers.ts';
import type { JobMachine } from '../../core/job/estimate/estimate-job.ts';
import type { JobQueue } from '../../core/job/queues/job-queue.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';
import type { LaneScheduler } from '../../core/lanes/lane-scheduler.ts';
import type { Predictor } from '../../core/predict/predictor.ts';
import type { ServedPrecision } from '../../core/predict/served-precision.ts';
import type { ServingMemory } from '../../core/predict/serving-memory.ts';
import type { FetchPicture } from '../../core/remote/fetch-picture.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { KeepDays } from '../../core/storage/retention.ts';
import type { UploadLinks } from '../../core/storage/upload-links.ts';
import type { UsageCounter } from '../../core/usage/usage-counter.ts';
import type { BodyTerms } from './bytes-in-flight.ts';
import type { Connection } from './connection.ts';
import type { BackendFinder } from './find-backends.ts';
import type { FindCaller, Front } from './front.ts';
import type { Limits } from './limits.ts';
import type { Logger } from './logger.ts';
import type { Metrics, MetricsScope } from './metrics.ts';
import type { RequestSpan, Tracing } from './tracing.ts';

/** The hash of a request, by which a repeated one is known. */
export interface RequestHash {
  /** Takes the next bytes of the body. */
  update(bytes: Uint8Array): void;
  /** The hash of all bytes so far, in hexadecimal digits; more may follow. */
  digest(): string;
}

/** The hosts that requests may be addressed to. */
export interface HostRules {
  /** Names without ports, in lower case; an IPv6 address in brackets. */
  readonly names: readonly string[];
  /** Whether any IP address is allowed, too. DNS rebinding needs a name, so an address is safe. */
  readonly anyAddress?: boolean;
}

/** The ports and settings of one installation's app. */
export interface AppDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  readonly uploads: UploadLinks;
  readonly queue: JobQueue;
  /** The machines on which jobs may start, for estimates. Where some have no GPU, the job is sent where it belongs. */
  readonly machines: readonly [JobMachine, ...JobMachine[]];
  /** Finds the back ends of the trainer on the only machine; absent where they are known beforehand. */
  readonly backends?: BackendFinder | undefined;
  readonly predictor: Predictor;
  /** Which file of a version the predictor runs, for batches to do the same. Default: the model itself. */
  readonly precision?: ServedPrecision | undefined;
  /** The memory for models, where it is small and an operator can give more. */
  readonly servingMemory?: ServingMemory | undefined;
  /** Where predictions are made, and who waits for it. */
  readonly lanes: LaneScheduler;
  /** Rejects where the store takes no writes. Absent where that is not checked: a bucket is never full. */
  readonly checkWritable?: () => Promise<void>;
  /** Whether the process is about to end, so that load balancers send requests elsewhere. */
  readonly isStopping?: () => boolean;
  /** A folder of weight files on this machine, for imports. */
  readonly weightsDir?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly limits: Limits;
  /** The keys, one of which the API requires; without them, everybody who can reach it may use it. */
  readonly keyRing?: KeyRing | undefined;
  /** Who sent a request, where the platform admits requests; goes instead of {@link AppDeps.keyRing}. */
  readonly findCaller?: FindCaller | undefined;
  /** The front through which all requests must come; absent where they need not. */
  readonly front?: Front | undefined;
  /** Counts predictions; absent where nobody wants to know. */
  readonly usage?: UsageCounter | undefined;
  /** Records traces; absent where nobody wants them. */
  readonly tracing?: Tracing | undefined;
  /** Takes measurements; absent where the platform does. */
  readonly metrics?: Metrics | undefined;
  /** Whose keys may read `/metrics`. Default: `admin`. */
  readonly metricsScope?: MetricsScope | undefined;
  /** Fetches pictures that predictions name by URL; absent where that is not allowed. */
  readonly fetchPicture?: FetchPicture | undefined;
  /** Whom webhooks may reach; absent where they are told nothing. */
  readonly webhookReceivers?: WebhookReceivers | undefined;
  /** Whether pictures that people send with their right labels are kept. Default: they are not. */
  readonly keepsFeedback?: boolean | undefined;
  /** How long the operator wants things to be kept. Default: as by default. */
  readonly keepDays?: KeepDays | undefined;
  /** How many processes share the requests of the installation, so that each allows its part of what a key may send. Default: 1. */
  readonly processes?: number | undefined;
  /** Hosts that requests may be addressed to; default: any. A server on a machine names its own. */
  readonly hosts?: HostRules | undefined;
  /** Pages of other sites that may use the API; `*` for all. */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Whether `X-Forwarded-Proto` and `X-Forwarded-Host` count, as a proxy sets them on every request. */
  readonly trustsProxy?: boolean | undefined;
  /** The version of Fovea, as in package.json. */
  readonly version: string;
  readonly logger: Logger;
}

/** What the server tells of a request, and what the middleware leaves for its handlers. */
export interface AppEnv {
  Bindings: {
    /** Absent in a function. */
    readonly connection?: Connection;
    /** What the platform of a function tells of the request. */
    readonly requestContext?: unknown;
  };
  Variables: {
    requestId: string;
    bodyTerms: BodyTerms;
    /** Where answers to requests with an Idempotency-Key are kept, and the limit of their bodies. */
    idempotency: { readonly answers: KeptAnswers; readonly limitBytes: number };
    /** Where the dataset and the model of a job that a path names are found. */
    jobs: JobStore;
    /** Sees the body pass, for a request with an Idempotency-Key. */
    requestHash: RequestHash | undefined;
    /** The claim of a request with an Idempotency-Key: the same for one that is repeated after a crash. */
    idempotencyClaim:
      | {
          readonly id: string;
          readonly sinceMs: number;
          /** The hash of the same request before, and the ids of what that made; absent for a request that is to be done. */
          readonly earlier?: {
            readonly requestHash: string;
            readonly made: Readonly<Record<string, string>>;
          };
        }
      | undefined;
    /** The ids of what the request has made, to be kept for its Idempotency-Key. */
    idempotencyMade: Readonly<Record<string, string>> | undefined;
    /** `undefined` where none is required. */
    apiKey: KnownKey | undefined;
    /** The operation that answers; `undefined` where none does. */
    operation: string | undefined;
    /** What the request works on, by what it is, e.g. `dataset`. */
    target: Readonly<Record<string, string>> | undefined;
    /** `undefined` where no traces are recorded. */
    span: RequestSpan | undefined;
    /** The version that predicted; `undefined` where none did. */
    predicted: { readonly model: string; readonly version: string } | undefined;
    /** The origin at which the client reaches this server, e.g. `https://fovea.example.com`; `undefined` where its Host is not valid. */
    publicOrigin: string | undefined;
  };
}

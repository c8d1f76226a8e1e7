// What the stack tells the processes that it runs: names of environment variables, and schemas of those that are more than a
// string. The one contract between infra/ and the entry points; knows neither.

import { z } from 'zod';
import { numberText } from './number-text.ts';
import { GPUS, type GpuName } from './pricing/gpus.ts';
import { PRICES_AS_OF } from './pricing/machines.ts';

/** Names of environment variables. */
export const environment = {
  /** Where everything is stored: `s3://bucket`, `file:///folder`. */
  storeUrl: 'FOVEA_STORE_URL',
  /** The job that a trainer is started for. */
  jobId: 'FOVEA_JOB_ID',
  /** The owner of the lease that the trainer takes. Whoever started the trainer may release the lease when the process is gone. */
  leaseOwner: 'FOVEA_LEASE_OWNER',
  /** The trial of the job that the trainer carries out, from 1. Default: the whole job. */
  trial: 'FOVEA_TRIAL',
  /** A folder of pretrained weight files. */
  weightsDir: 'FOVEA_WEIGHTS_DIR',
  /** Address of a folder with the published weight files, which is asked before Keras's own host. */
  weightsMirror: 'FOVEA_WEIGHTS_MIRROR',
  /** Name of a worker, for people. Default: that of its machine. */
  workerName: 'FOVEA_WORKER_NAME',
  /** How often an idle worker looks for a job, in seconds. */
  workerPollSeconds: 'FOVEA_WORKER_POLL_SECONDS',
  /** How long the trainer of a worker that is told to stop may take to save a checkpoint, in seconds. */
  workerGraceSeconds: 'FOVEA_WORKER_GRACE_SECONDS',
  /** Memory that a trainer may use, in bytes. Default: that of its container or machine. */
  memoryLimitBytes: 'FOVEA_MEMORY_LIMIT_BYTES',
  /**
   * Threads of Node that decode pictures and read files: libuv's. Node reads the variable when it starts. Default: 4, whatever
   * the machine has.
   */
  workerThreads: 'UV_THREADPOOL_SIZE',
  /** One of {@link QUEUES}. Default: `batch`. */
  queue: 'FOVEA_QUEUE',
  /** Name of the schedule that compares open jobs with AWS Batch, and is switched off while there are none. Default: it is always on. */
  watchRule: 'FOVEA_WATCH_RULE',
  /** JSON of a {@link DeployedFleet}. */
  trainerFleet: 'FOVEA_TRAINER_FLEET',
  /** Price of the trainer's machine for an hour, in US dollars. Default: 0. */
  usdPerHour: 'FOVEA_USD_PER_HOUR',
  /** JSON of prices by the type of EC2 machine, one of which the trainer is started on. They go before {@link environment.usdPerHour}. */
  machinePrices: 'FOVEA_MACHINE_PRICES',
  /** Secret that holds the API keys: a JSON object from a key's name to the key. */
  apiKeysSecret: 'FOVEA_API_KEYS_SECRET',
  /** One of {@link AUTHORIZATIONS}. Default: `keys`. */
  authorization: 'FOVEA_AUTHORIZATION',
  /** Origin of the front through which all requests must come, e.g. `https://fovea.example.com`. Default: the function's own address. */
  frontOrigin: 'FOVEA_FRONT_ORIGIN',
  /** Secret with what the front sends in {@link FRONT_HEADER}. Goes with {@link environment.frontOrigin}. */
  frontSecret: 'FOVEA_FRONT_SECRET',
  /** JSON file of API keys by their names. The API in a container makes it where it is missing. */
  apiKeysFile: 'FOVEA_API_KEYS_FILE',
  /** Address at which clients of the API in a container reach it, e.g. `http://127.0.0.1:8787`. */
  publicUrl: 'FOVEA_PUBLIC_URL',
  /** Address at which clients of the API in a container reach its server of S3. The API itself may know it by another. */
  publicS3Endpoint: 'FOVEA_PUBLIC_S3_ENDPOINT',
  /** One API key, for a server that is started on this machine and for its clients. */
  apiKey: 'FOVEA_API_KEY',
  /** Address of a hub that files are pulled from, by the name that hubs' own tools have for it. Default: the public one. */
  hubEndpoint: 'HF_ENDPOINT',
  /** Access token of that hub. */
  hubToken: 'HF_TOKEN',
  /** JSON list of {@link OriginSchema}: pages of other sites that may use the API. */
  allowOrigins: 'FOVEA_ALLOW_ORIGINS',
  /** JSON list of {@link PortsSchema}: predictions may name pictures by https URLs with these ports. Default: they may not. */
  imageUrls: 'FOVEA_IMAGE_URLS',
  /** `true`: pictures that people send with their right labels are kept. Default: `false`. */
  feedback: 'FOVEA_FEEDBACK',
  /** Scope of the keys that may read the metrics of the API in a container; `none`: they need no key. Default: `admin`. */
  metricsScope: 'FOVEA_METRICS_SCOPE',
  /** One of {@link WEBHOOK_RECEIVERS}. Default: `public`; in the cloud, no webhook is told anything. */
  webhookReceivers: 'FOVEA_WEBHOOK_RECEIVERS',
  /** Days for which what expires is kept, by kind, e.g. `audit=90,batches=7`; core/storage/retention.ts has the kinds. */
  keepDays: 'FOVEA_KEEP_DAYS',
} as const;

/** Who admits requests to a function: the function itself by API keys, or AWS by signatures of IAM's users and roles. */
export const AUTHORIZATIONS = ['keys', 'iam'] as const;

/** By which header the front of an installation shows that a request came through it. */
export const FRONT_HEADER = 'x-fovea-front';

/** Whom webhooks may reach: hosts of the public internet by https, or any by https and http. */
export const WEBHOOK_RECEIVERS = ['public', 'any'] as const;
/** One of {@link WEBHOOK_RECEIVERS}. */
export type WebhookReceivers = (typeof WEBHOOK_RECEIVERS)[number];

/**
 * What the schedule sends to the function of job events for webhooks to be told again. Its other schedules send EventBridge's own events.
 */
export const TELL_WEBHOOKS_EVENT = { fovea: 'tell-webhooks' } as const;

/** Where traces go: `otlp`, to a server that takes OTLP as JSON over HTTP; `console`, to standard output. */
export type TracesExporter = 'otlp' | 'console';

/**
 * Where OpenTelemetry's variables say that traces go; `undefined` where they do not ask for traces. An endpoint alone asks for them.
 * @throws {RangeError} for an exporter that there is not.
 */
export function tracesExporterOf(
  variables: Readonly<Record<string, string | undefined>>,
): TracesExporter | undefined {
  if (variables['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  const endpoint =
    variables['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? variables['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  const exporter = variables['OTEL_TRACES_EXPORTER'] || (endpoint === '' ? 'none' : 'otlp');
  if (exporter === 'none') return undefined;
  if (exporter === 'otlp' || exporter === 'console') return exporter;
  throw new RangeError(
    `OTEL_TRACES_EXPORTER is ${JSON.stringify(exporter)}; traces go to "otlp", "console" or "none".`,
  );
}

/** Who runs the jobs of a deployment on AWS: AWS Batch, workers, or a worker that is idle and else AWS Batch. */
export const QUEUES = ['batch', 'workers', 'workers-first'] as const;
/** One of {@link QUEUES}. */
export type QueueName = (typeof QUEUES)[number];

/** Who runs the jobs of a server on a machine: the server itself, or workers that take them from its store. */
export const LOCAL_QUEUES = ['local', 'workers'] as const;
/** One of {@link LOCAL_QUEUES}. */
export type LocalQueueName = (typeof LOCAL_QUEUES)[number];

/** The value of {@link environment.workerThreads} that uses all cores of a machine. */
export const workerThreads = (cores: number): string => String(Math.max(4, cores));

/** Exit codes by which a trainer process says why it ends although its job is not over; after sysexits.h. */
export const exitCodes = {
  /** EX_TEMPFAIL: the trainer has released the job, with which nothing is wrong. Another attempt follows after a while. */
  released: 75,
  /** EX_OSERR: memory ran out, and the job allows no further remedy on this machine. A larger one may do. */
  outOfMemory: 71,
  /** EX_NOPERM: the store refuses the trainer, which therefore cannot say so in the job's record. */
  storageDenied: 77,
  /** EX_CONFIG: the trainer cannot read its settings or the job's record, and has not begun. */
  notStarted: 78,
} as const;

/** The origin of a page as browsers send it, e.g. `https://app.example.com` or `capacitor://localhost`; or `*` for all. */
export const OriginSchema = z.string().refine(isOrigin, {
  message:
    'must be "*", or scheme and host as browsers say them, e.g. https://app.example.com, without a path',
});

const MOST_PORT = 65_535;
/** Ports of servers; as text they are separated by commas, e.g. `443,8443`. */
export const PortsSchema = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
  z.array(numberText(z.number().int().min(1).max(MOST_PORT))).min(1),
);
/** The port of a URL with https that names none. */
export const HTTPS_PORT = 443;

function isOrigin(text: string): boolean {
  if (text === '*') return true;
  if (!URL.canParse(text)) return false;
  return /^https?:/.test(text)
    ? new URL(text).origin === text
    : /^[a-z][a-z0-9+.-]*:\/\/[^/\s,?#]+$/.test(text);
}

/** Namespace of the CloudWatch metrics of functions and job events, one for each stack. */
export const metricsNamespace = (stackName: string): string => `Fovea/${stackName}`;

/** Names of the CloudWatch metrics that the functions emit, and that dashboard and alarms read. */
export const metrics = {
  predictions: 'Predictions',
  predictLatencyMs: 'PredictLatency',
  coldStarts: 'ColdStart',
  /** With dimension `status`. */
  jobs: 'Jobs',
  jobsResubmitted: 'JobsResubmitted',
  trainerSeconds: 'TrainerSeconds',
  estimatedCostUsd: 'EstimatedCost',
} as const;

const GPU_NAMES = GPUS.map(({ name }) => name) as [GpuName, ...GpuName[]];

/** How a machine is paid for, in the order in which a job tries them. */
const CAPACITIES = ['spot', 'on-demand'] as const;

/** One size of machine that trainers can run on, as short as it can be said: all variables of a function together have 4 KB. */
const DeployedPoolSchema = z.object({
  /** E.g. `gpu-16gb`. */
  name: z.string().min(1),
  /** Name of the job definition, with its revision. */
  definition: z.string().min(1),
  /** Names of the queues; at least one. */
  queues: z
    .partialRecord(z.enum(CAPACITIES), z.string().min(1))
    .refine((queues) => Object.keys(queues).length > 0, { message: 'must have a queue' }),
  /** On-demand price of the pool's cheapest machine for an hour. Spot machines cost less, larger ones more. */
  usdPerHour: z.number().nonnegative(),
  /** That of its dearest. */
  mostUsdPerHour: z.number().nonnegative().optional(),
  /** Whether a setting gives the price, and not the table. */
  isPriceGiven: z.boolean().optional(),
  /** The cheapest machine of the pool, for estimates. */
  machine: z.object({
    /** E.g. `g4dn.xlarge`. */
    name: z.string().min(1),
    gpu: z.enum(GPU_NAMES).optional(),
    /** GPUs that share a batch. Default: 1 where there is one. */
    gpuCount: z.number().int().positive().optional(),
    /** Whether the trainer's image runs imported backbones on the GPU, too. */
    importedOnGpu: z.boolean().optional(),
    vcpus: z.number().int().positive(),
  }),
});
/** One size of machine, as the functions are told of it. */
export type DeployedPool = z.infer<typeof DeployedPoolSchema>;

/** One size of machine, with the queues that lead to it. */
export interface TrainerPool
  extends Omit<DeployedPool, 'definition' | 'queues' | 'machine' | 'isPriceGiven'> {
  /** ARN of the job definition, with its revision. */
  readonly jobDefinition: string;
  /** The queues that a job goes through, in this order; at least one. */
  readonly queues: readonly { readonly capacity: (typeof CAPACITIES)[number]; readonly arn: string }[];
  readonly machine: DeployedPool['machine'] & {
    /** A sentence: where the price is from. */
    readonly priceBasis: string;
  };
}

/** Keeps ONNX Runtime from telling Microsoft what is run, which it does by default. Read when a process opens its first session. */
export const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' } as const;

const DeployedFleetSchema = z.object({
  /** Beginning of the ARNs of AWS Batch: `arn:aws:batch:us-east-1:123456789012`. */
  batch: z.string().min(1),
  /** Smallest first: a job starts on the first of its kind, with a GPU or without. */
  pools: z.array(DeployedPoolSchema).min(1),
  /** Tags of every Batch job. Permissions to end jobs depend on them. */
  tags: z.record(z.string(), z.string()),
  /** Name of the log group of the trainers. */
  logGroup: z.string().optional(),
});
/** The value of {@link environment.trainerFleet}, before it is text. */
export type DeployedFleet = z.infer<typeof DeployedFleetSchema>;

/** All machines that can run trainers. */
export interface TrainerFleet extends Pick<DeployedFleet, 'tags' | 'logGroup'> {
  readonly pools: readonly TrainerPool[];
}

/** The value of {@link environment.trainerFleet}, read with what follows from it. */
export const TrainerFleetSchema = DeployedFleetSchema.transform(
  ({ batch, pools, ...rest }): TrainerFleet => ({
    ...rest,
    pools: pools.map(({ definition, queues, machine, isPriceGiven = false, ...pool }) => ({
      ...pool,
      jobDefinition: `${batch}:job-definition/${definition}`,
      queues: CAPACITIES.flatMap((capacity) =>
        queues[capacity] === undefined ? [] : { capacity, arn: `${batch}:job-queue/${queues[capacity]}` },
      ),
      machine: {
        ...machine,
        priceBasis: isPriceGiven
          ? `The price is the one that fovea:usdPerHour gives for ${machine.name}.`
          : `On-demand price of ${machine.name} in ${PRICES_AS_OF.region} on ${PRICES_AS_OF.date}; Spot machines often cost less than half.`,
      },
    })),
  }),
);

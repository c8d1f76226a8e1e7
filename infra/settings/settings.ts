// The settings of a deployment: keys `fovea:…` of the CDK context, from cdk.json or the command line (`-c
// fovea:maxVcpus=32`), checked all at once. The schema is the reference of the settings.

import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';
import {
  AUTHORIZATIONS,
  environment,
  HTTPS_PORT,
  OriginSchema,
  PortsSchema,
  QUEUES,
  WEBHOOK_RECEIVERS,
} from '../../core/environment.ts';
import { numberText, pairsText } from '../../core/number-text.ts';
import { RuleKeepDaysSchema } from '../../core/storage/retention.ts';
import { CANARY_MINUTES } from './canary-minutes.ts';
import { MACHINE_FAMILIES, MACHINE_FAMILY_NAMES } from './machines.ts';

/** Zones at most, whose ranges of addresses are kept free. */
export const MOST_ZONES = 4;
const PREFIX = 'fovea:';
const LOG_RETENTION_DAYS = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number',
);

/** An integer; from the command line it comes as a string. */
const int = (min: number, max: number) => numberText(z.number().int().min(min).max(max));
/** A boolean; from the command line it comes as a string. */
const flag = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]);
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
    z.array(item).min(1),
  );

const SettingsSchema = z
  .strictObject({
    /**
     * EC2 families for trainers: with GPU (g4dn, g5, g6, g6e), and without (c7i, m7i) for jobs that need none. Machines with four
     * GPUs, which share the batches of a job, have names of their own: g4dn.12xlarge, g5.12xlarge, g6.12xlarge, g6e.12xlarge.
     */
    trainerFamilies: listOf(z.enum(MACHINE_FAMILY_NAMES))
      .default(['g4dn', 'g5', 'g6', 'g6e', 'c7i'])
      .refine((names) => new Set(names).size === names.length, { message: 'must name each family once' }),
    /**
     * Who runs jobs: AWS Batch; workers (`fovea worker`), which no machine of this stack is; or `workers-first`: a worker that is idle,
     * and AWS Batch where none is.
     */
    queue: z.enum(QUEUES).default('batch'),
    /** `spot-then-on-demand` starts an on-demand machine where no Spot machine was available within `spotWaitMinutes`. */
    capacity: z.enum(['spot', 'on-demand', 'spot-then-on-demand']).default('spot-then-on-demand'),
    /** AWS Batch requires at least 10 minutes. */
    spotWaitMinutes: int(10, 1440).default(15),
    /** Upper bound of the machines that run at once, for each pool and kind of capacity. */
    maxVcpus: int(4, 1024).default(16),
    /** Whether imported backbones run on the GPU, too, which makes the trainers' image 1 GB larger. */
    importedOnGpu: flag.default(false),
    /**
     * Who builds the trainers' image: the Docker of the machine that deploys, or AWS CodeBuild, which needs no Docker there. On Apple
     * Silicon, Docker emulates the processor, which the build takes long for. Change it back when no job is open: images of CodeBuild go.
     */
    imageBuilder: z.enum(['docker', 'codebuild']).default('docker'),
    /** US dollars an hour of a family's smallest machine, where it differs from the table: `g4dn=0.61,g5=1.2`. */
    usdPerHour: pairsText(
      z.partialRecord(z.enum(MACHINE_FAMILY_NAMES), numberText(z.number().positive())),
    ).default({}),
    /** Longest time of one attempt at a job. */
    jobHours: int(1, 72).default(12),
    /** GPU capacity differs between zones, so more are better; us-west-1 has two. */
    availabilityZones: int(1, MOST_ZONES).default(3),
    /** Processor of the functions. */
    architecture: z.enum(['x86_64', 'arm64']).default('x86_64'),
    /**
     * Who admits requests: the function by API keys, or AWS by signatures of users and roles of IAM, which then may do everything. With
     * `iam` browsers cannot use the page, and there is no `domain`: clients sign for the function's own address.
     */
    authorization: z.enum(AUTHORIZATIONS).default('keys'),
    /** A domain name for the API, by CloudFront. The function then answers nobody who comes past it. */
    domain: z.hostname().optional(),
    /** ARN of a certificate for that name; CloudFront takes only certificates of us-east-1. */
    certificateArn: z
      .string()
      .regex(/^arn:aws[\w-]*:acm:us-east-1:\d{12}:certificate\/[\w-]+$/, {
        message: 'must be the ARN of a certificate in us-east-1',
      })
      .optional(),
    /** Pages of other sites that may use the API: `https://app.example.com`, or `*` for all. They need API keys, too. */
    allowOrigins: listOf(OriginSchema).optional(),
    /**
     * Whether predictions may name pictures by https URLs on the public internet: `true`, or the ports that those may have, `443,8443`.
     */
    imageUrls: z.preprocess(
      (value) => (String(value) === 'true' ? [HTTPS_PORT] : String(value) === 'false' ? undefined : value),
      PortsSchema.optional(),
    ),
    /**
     * Whom webhooks may reach: nobody, https on the public internet, or any address. With `none` nothing is told to them.
     */
    webhookReceivers: z.enum(['none', ...WEBHOOK_RECEIVERS]).default('none'),
    /** Whether pictures that people send with their right labels are kept, with their consent. */
    feedback: flag.default(false),
    /**
     * Days for which what expires is kept: `audit=90,batches=7`. Kinds are uploads, batches, usage and audit. Pictures of feedback are none of
     * them, since a lifecycle rule cannot tell their datasets from others.
     */
    keepDays: RuleKeepDaysSchema,
    /** MiB; processors grow with it, one for each 1,769. New accounts may be limited to 3,008. */
    functionMemory: int(512, 10_240).default(2048),
    /**
     * Concurrent requests, reserved in the account. `unreserved` shares the account's concurrency: an account must keep 100 unreserved, and a
     * new one has fewer.
     */
    functionConcurrency: z.union([z.literal('unreserved'), int(1, 1000)]).default('unreserved'),
    /** Copies of the function that are always ready, so that no request waits for one to start. They cost money while idle. */
    provisionedConcurrency: int(0, 1000).default(0),
    /**
     * Minutes for which a new version of the function answers a tenth of the requests, and is taken back where it fails. `none`: it
     * answers all of them at once. Each deployment takes so much longer.
     */
    canary: z.union([z.literal('none'), numberText(z.literal(CANARY_MINUTES))]).default('none'),
    /** The address that receives alarms and warnings of the budget. */
    alarmEmail: z.email().optional(),
    /** US dollars. The budget counts the whole account, or what has the tag `project=fovea` (see `budgetScope`). */
    monthlyBudget: numberText(z.number().positive()).optional(),
    /** `tag` counts nothing until the tag `project` is activated as a cost allocation tag. */
    budgetScope: z.enum(['account', 'tag']).default('account'),
    /** How long old versions of objects are kept, in days. */
    retentionDays: int(1, 3650).default(30),
    logRetentionDays: numberText(z.literal(LOG_RETENTION_DAYS)).default(RetentionDays.ONE_MONTH),
  })
  .superRefine(({ trainerFamilies, maxVcpus }, context) => {
    const largest = trainerFamilies
      .map((name) => MACHINE_FAMILIES[name])
      .reduce((most, family) => (family.vcpus > most.vcpus ? family : most));
    if (largest.vcpus <= maxVcpus) return;
    const message = `must be at least ${largest.vcpus}, the vCPUs of one ${largest.instanceType}`;
    context.addIssue({ code: 'custom', path: ['maxVcpus'], message });
  })
  .refine(({ domain, authorization }) => domain === undefined || authorization === 'keys', {
    path: ['authorization'],
    message:
      'must be "keys" with fovea:domain: a signature holds for the name that it was made for, and AWS checks its own',
  })
  .refine(
    ({ provisionedConcurrency, functionConcurrency }) =>
      functionConcurrency === 'unreserved' || provisionedConcurrency <= functionConcurrency,
    { path: ['provisionedConcurrency'], message: 'must not be more than fovea:functionConcurrency' },
  )
  .refine(({ domain, certificateArn }) => (domain === undefined) === (certificateArn === undefined), {
    path: ['domain'],
    message: 'fovea:domain and fovea:certificateArn need each other',
  });

/** The names of all settings, without the prefix. */
export const SETTING_NAMES: readonly string[] = Object.keys(SettingsSchema.shape);

/** The checked settings of a deployment. See the schema for each of them. */
export type Settings = z.infer<typeof SettingsSchema>;

/** The variable of the functions that says whom webhooks may reach; none where they are told nothing. */
export const webhookVariables = ({ webhookReceivers }: Settings): Readonly<Record<string, string>> =>
  webhookReceivers === 'none' ? {} : { [environment.webhookReceivers]: webhookReceivers };

/** Settings that are not allowed; the message names every problem. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * The setting that a key of the context means which has no prefix, or one in other letters. Keys with the prefix are looked at elsewhere, and
 * others belong to the CDK.
 */
function meantSetting(key: string): string | undefined {
  if (key.startsWith(PREFIX)) return undefined;
  const plain = key.trim().toLowerCase();
  const isPrefixed = plain.startsWith(PREFIX);
  const name = isPrefixed ? plain.slice(PREFIX.length) : plain;
  const meant = SETTING_NAMES.find((setting) => setting.toLowerCase() === name);
  if (meant !== undefined) return `${PREFIX}${meant}`;
  return isPrefixed ? `${PREFIX}${key.trim().slice(PREFIX.length)}` : undefined;
}

/**
 * Reads settings from the CDK context.
 * @param context all of it; keys that are no setting's, with or without the prefix, belong to the CDK.
 * @throws {SettingsError} naming every setting that is unknown or has a value that is not allowed.
 */
export function parseSettings(context: Readonly<Record<string, unknown>>): Settings {
  const given = Object.fromEntries(
    Object.entries(context)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, value]) => [key.slice(PREFIX.length), value]),
  );
  const misnamed = Object.keys(context).flatMap((key) => {
    const meant = meantSetting(key);
    return meant === undefined ? [] : [`  ${key}: write ${meant}`];
  });
  const parsed = SettingsSchema.safeParse(given);
  if (parsed.success && misnamed.length === 0) return parsed.data;
  const issues = parsed.error?.issues.map((issue) => {
    const [key] = issue.path;
    // An unknown key has no path; zod's message names it.
    if (key === undefined) return `  ${issue.message}`;
    return `  ${PREFIX}${String(key)}: ${issue.message} (received ${JSON.stringify(given[String(key)])})`;
  });
  const problems = [...misnamed, ...(issues ?? [])];
  const known = SETTING_NAMES.map((key) => `${PREFIX}${key}`);
  throw new SettingsError(
    `The settings in cdk.json or after -c are not valid.\n${problems.join('\n')}\nKnown are ${known.join(', ')}.`,
  );
}

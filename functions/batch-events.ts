// Entry point of the function that EventBridge calls with what AWS Batch says about trainers. EventBridge repeats an event
// that throws twice within some minutes, then puts it into the queue of lost events. It also tells webhooks, where the bucket says that there
// is something new for them, and by a schedule of their own.

import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { z } from 'zod';
import {
  environment,
  metrics as names,
  QUEUES,
  TELL_WEBHOOKS_EVENT,
  TrainerFleetSchema,
  WEBHOOK_RECEIVERS,
} from '../core/environment.ts';
import { applyBatchEvent, type JobMetrics } from '../core/job/queues/batch/apply-batch-event.ts';
import { BatchEventSchema, isWaiting } from '../core/job/queues/batch/batch-event.ts';
import { createBatchQueue } from '../core/job/queues/batch/batch-queue.ts';
import { createLastLines } from '../core/job/queues/batch/last-lines.ts';
import { reconcileJobs } from '../core/job/queues/batch/reconcile-jobs.ts';
import { createWatchRule } from '../core/job/queues/batch/watch-rule.ts';
import { createJobStore } from '../core/job/record/job-store.ts';
import { jsonText } from '../core/json-text.ts';
import { openObjectStore } from '../core/storage/drivers/open-object-store.ts';
import { readEnvironment } from './environment.ts';
import { toLogger } from './powertools-logger.ts';

const env = readEnvironment(
  z.object({
    [environment.storeUrl]: z.string(),
    /** None where workers run all jobs: there are no events of AWS Batch then, and webhooks are told. */
    [environment.trainerFleet]: jsonText(TrainerFleetSchema).default({ tags: {}, pools: [] }),
    [environment.queue]: z.enum(QUEUES).default('batch'),
    [environment.watchRule]: z.string().optional(),
    [environment.webhookReceivers]: z.enum(WEBHOOK_RECEIVERS).optional(),
  }),
  process.env,
);

const logger = toLogger(new PowertoolsLogger());
const metrics = new Metrics();
const fleet = env[environment.trainerFleet];
const store = await openObjectStore(env[environment.storeUrl]);
const jobs = createJobStore({ store, now: Date.now });
const queue = createBatchQueue({ jobs, fleet, now: Date.now });

const jobMetrics: JobMetrics = {
  jobBecame: (status) => {
    // A metric of its own, because the dimension must not reach the others.
    metrics.singleMetric().addDimension('status', status).addMetric(names.jobs, MetricUnit.Count, 1);
  },
  jobMoved: () => metrics.addMetric(names.jobsResubmitted, MetricUnit.Count, 1),
  machineUsed: ({ seconds, estimatedUsd }) => {
    metrics.addMetric(names.trainerSeconds, MetricUnit.Seconds, seconds);
    metrics.addMetric(names.estimatedCostUsd, MetricUnit.NoUnit, estimatedUsd);
  },
};

const ruleName = env[environment.watchRule];
const watchRule = ruleName === undefined ? undefined : createWatchRule(ruleName);
const readLastLines = fleet.logGroup === undefined ? undefined : createLastLines(fleet.logGroup);
const lastLines =
  readLastLines &&
  ((logStream: string) =>
    readLastLines(logStream).catch((error: unknown) => {
      logger.warn('the log of a trainer was not read', { log_stream: logStream, error });
      return [];
    }));
const deps = { jobs, queue, fleet, metrics: jobMetrics, lastLines, now: Date.now };

/** The events of the schedule by which open jobs are looked at again. */
const isSchedule = (event: unknown): boolean =>
  z.object({ source: z.literal('aws.events') }).safeParse(event).success;

const reconcile = () =>
  reconcileJobs({
    ...deps,
    hasWorkers: env[environment.queue] === 'workers-first',
    onError: (jobId, error) => logger.error('a job was not compared', { job_id: jobId, error }),
  });

/** Mends what no event has told, and switches the schedule off where no job is on AWS Batch. */
async function lookAgain(): Promise<void> {
  try {
    if (env[environment.queue] === 'workers-first') await reviewJobs();
    if ((await reconcile()) > 0 || watchRule === undefined) return;
    await watchRule.switchOff();
    // A job may have come meanwhile, whose request or event switched on what is off now.
    if ((await reconcile()) > 0) await watchRule.switchOn();
  } finally {
    metrics.publishStoredMetrics();
  }
}

/** What the bucket says by its topic, also as the queue of lost events has it, and the events of the schedule by which webhooks are told again. */
const TellWebhooksSchema = z.union([
  z.object({ Records: z.array(z.object({ EventSource: z.literal('aws:sns') })) }),
  z.object({ Type: z.literal('Notification'), TopicArn: z.string() }),
  z.object({ fovea: z.literal(TELL_WEBHOOKS_EVENT.fovea) }),
]);

async function tellWebhooks(): Promise<void> {
  const receivers = env[environment.webhookReceivers];
  if (receivers === undefined) return;
  const { deliverDue } = await import('./deliver-webhooks.ts');
  await deliverDue({ store, receivers, logger });
}

async function reviewJobs(): Promise<void> {
  const { queueOfDeployment } = await import('./queue-of-deployment.ts');
  const deployed = queueOfDeployment(env[environment.queue], { store, jobs, fleet, now: Date.now });
  for await (const job of jobs.open())
    await deployed
      .review?.(job)
      .catch((error: unknown) => logger.error('a waiting job was not reviewed', { job_id: job.id, error }));
}

/**
 * Applies one event of AWS Batch to the job that it names, and counts it in metrics. At an event of a schedule, compares open jobs with
 * AWS Batch and looks again at jobs that wait for workers; at one of the bucket or of the schedule of webhooks, tells webhooks.
 * @param event as EventBridge sends it.
 * @throws {z.ZodError} where it is not such an event; what {@link applyBatchEvent} throws.
 */
export async function handler(event: unknown): Promise<void> {
  if (TellWebhooksSchema.safeParse(event).success) return tellWebhooks();
  if (isSchedule(event)) return lookAgain();
  const batchEvent = BatchEventSchema.parse(event);
  const { jobId, jobName, status, statusReason } = batchEvent.detail;
  try {
    // A job that runs has waited before, whose event has switched it on.
    if (isWaiting(batchEvent.detail))
      await watchRule
        ?.switchOn()
        .catch((error: unknown) => logger.warn('the schedule was not switched on', { error }));
    const step = await applyBatchEvent(deps, batchEvent);
    logger.info('batch event', {
      batch_job_id: jobId,
      batch_job_name: jobName,
      status,
      status_reason: statusReason,
      step,
    });
  } finally {
    metrics.publishStoredMetrics();
  }
}

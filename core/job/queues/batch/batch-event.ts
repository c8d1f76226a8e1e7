// What EventBridge tells of AWS Batch jobs: the parts that matter here.

import { z } from 'zod';

const ContainerSchema = z
  .object({
    exitCode: z.number().int().optional(),
    reason: z.string().optional(),
    logStreamName: z.string().optional(),
  })
  .partial();

const AttemptSchema = z.object({
  /** Unix milliseconds; absent where the attempt never started. */
  startedAt: z.number().optional(),
  stoppedAt: z.number().optional(),
  statusReason: z.string().optional(),
  container: ContainerSchema.optional(),
});

const JobDetailSchema = z.object({
  jobId: z.string(),
  jobName: z.string(),
  jobQueue: z.string(),
  status: z.enum(['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED']),
  statusReason: z.string().optional(),
  attempts: z.array(AttemptSchema).default([]),
  container: ContainerSchema.extend({
    environment: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  }).optional(),
});

export const BatchEventSchema = z.object({
  'detail-type': z.enum(['Batch Job State Change', 'Batch Job Queue Blocked']),
  detail: JobDetailSchema,
});

/** A Batch job as an event describes it. */
export type BatchJobDetail = z.infer<typeof JobDetailSchema>;
export type BatchEvent = z.infer<typeof BatchEventSchema>;

/** Value of an environment variable of the job's container. */
export const containerVariable = ({ container }: BatchJobDetail, name: string): string | undefined =>
  container?.environment.find((variable) => variable.name === name)?.value;

const MS_PER_SECOND = 1000;

/** Seconds that machines worked on the Batch job, over all of its attempts. */
export const machineSeconds = ({ attempts }: BatchJobDetail): number =>
  attempts.reduce((sum, { startedAt, stoppedAt }) => {
    const isKnown = startedAt !== undefined && stoppedAt !== undefined && stoppedAt > startedAt;
    return isKnown ? sum + (stoppedAt - startedAt) / MS_PER_SECOND : sum;
  }, 0);

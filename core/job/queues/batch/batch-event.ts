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
  container: ContainerSchema.optional(),
});

export const BatchEventSchema = z.object({
  'detail-type': z.enum(['Batch Job State Change', 'Batch Job Queue Blocked']),
  detail: JobDetailSchema,
});

/** A Batch job as an event describes it. */
export type BatchJobDetail = z.infer<typeof JobDetailSchema>;
export type BatchEvent = z.infer<typeof BatchEventSchema>;

/** The name of a Batch job, from which its job can be told; an array's children have the array's. */
export const batchJobName = (jobId: string, submission: number): string => `${jobId}-${submission}`;
/** The job of a Batch job and which of its submissions that is; undefined where somebody else submitted it. */
export function submissionOf({
  jobName,
}: BatchJobDetail): { readonly jobId: string; readonly submission: number } | undefined {
  const [, jobId, submission] = /^(.+)-(\d+)$/.exec(jobName) ?? [];
  return jobId === undefined ? undefined : { jobId, submission: Number(submission) };
}

/** The id of the array that a Batch job is a child of; undefined where it is none. */
export function arrayOf({ jobId }: BatchJobDetail): string | undefined {
  const [array, index] = jobId.split(':');
  return index === undefined ? undefined : array;
}

export const isOver = ({ status }: BatchJobDetail): boolean => status === 'SUCCEEDED' || status === 'FAILED';

const MS_PER_SECOND = 1000;

/** Seconds that machines worked on the Batch job, over all of its attempts. */
export const machineSeconds = ({ attempts }: BatchJobDetail): number =>
  attempts.reduce((sum, { startedAt, stoppedAt }) => {
    const isKnown = startedAt !== undefined && stoppedAt !== undefined && stoppedAt > startedAt;
    return isKnown ? sum + (stoppedAt - startedAt) / MS_PER_SECOND : sum;
  }, 0);

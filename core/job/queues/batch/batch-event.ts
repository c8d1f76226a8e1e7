// The events of EventBridge about AWS Batch jobs, as far as they matter here.

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

/** A Batch job, as events and DescribeJobs tell of it. */
export const JobDetailSchema = z.object({
  jobId: z.string(),
  jobName: z.string(),
  jobQueue: z.string(),
  status: z.enum(['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED']),
  statusReason: z.string().optional(),
  /** Unix milliseconds; absent while it is not over. */
  stoppedAt: z.number().optional(),
  attempts: z.array(AttemptSchema).default([]),
  container: ContainerSchema.optional(),
  /** The number of children in each status, of an array. AWS Batch says nothing else of them here. */
  arrayProperties: z.object({ statusSummary: z.record(z.string(), z.number()).optional() }).optional(),
  /** Whether somebody ended the job; AWS Batch does not always say so. */
  isTerminated: z.boolean().optional(),
  isCancelled: z.boolean().optional(),
});

/** An event about a Batch job. */
export const BatchEventSchema = z.object({
  'detail-type': z.enum(['Batch Job State Change', 'Batch Job Queue Blocked']),
  detail: JobDetailSchema,
});

/** A Batch job as an event describes it. */
export type BatchJobDetail = z.infer<typeof JobDetailSchema>;
/** An event about a Batch job. */
export type BatchEvent = z.infer<typeof BatchEventSchema>;

/** The name of a Batch job, from which {@link submissionOf} finds its job. The children of an array have the array's name. */
export const batchJobName = (jobId: string, submission: number): string => `${jobId}-${submission}`;
/** The job of a Batch job, and the number of the submission; undefined for a Batch job that is not one of Fovea's. */
export function submissionOf({
  jobName,
}: BatchJobDetail): { readonly jobId: string; readonly submission: number } | undefined {
  const [, jobId, submission] = /^(.+)-(\d+)$/.exec(jobName) ?? [];
  return jobId === undefined ? undefined : { jobId, submission: Number(submission) };
}

/** The id of the array of which a Batch job is a child; undefined where it is no child. */
export function arrayOf({ jobId }: BatchJobDetail): string | undefined {
  const [array, index] = jobId.split(':');
  return index === undefined ? undefined : array;
}

/** The number of the trial or shard that a child of an array does, from 1; undefined for what is no child. */
export function partOf({ jobId }: BatchJobDetail): number | undefined {
  const index = jobId.split(':')[1];
  return index === undefined ? undefined : Number(index) + 1;
}

/** Whether a Batch job has ended. */
export const isOver = ({ status }: BatchJobDetail): boolean => status === 'SUCCEEDED' || status === 'FAILED';

/** Whether a Batch job waits for a machine. Every attempt does so before it runs. */
export const isWaiting = ({ status }: BatchJobDetail): boolean =>
  status === 'SUBMITTED' || status === 'PENDING' || status === 'RUNNABLE';

const MS_PER_SECOND = 1000;

/** Machine time of a Batch job in seconds, over all of its attempts. */
export const machineSeconds = ({ attempts }: BatchJobDetail): number =>
  attempts.reduce((sum, { startedAt, stoppedAt }) => {
    const isKnown = startedAt !== undefined && stoppedAt !== undefined && stoppedAt > startedAt;
    return isKnown ? sum + (stoppedAt - startedAt) / MS_PER_SECOND : sum;
  }, 0);

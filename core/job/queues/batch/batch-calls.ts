// The queue's calls to AWS Batch, with retries. Submitting is not idempotent there, so before a job is submitted a second time, it is
// looked for by its name.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BatchClient,
  BatchServiceException,
  DescribeJobsCommand,
  type JobStatus,
  ListJobsCommand,
  SubmitJobCommand,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import { type BatchJobDetail, JobDetailSchema } from './batch-event.ts';

/** A job to be submitted to AWS Batch. */
export interface Submission {
  /** A unique name, by which a job is found that was submitted although the answer was lost. */
  readonly name: string;
  readonly jobDefinition: string;
  readonly queue: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Number of children of an array job, at least 2. Default: no array. */
  readonly size?: number | undefined;
}

/** The calls to AWS Batch. */
export interface BatchCalls {
  /**
   * Submits a job, once.
   * @param mayExist whether another process may have submitted it before.
   * @returns the Batch job's id.
   */
  submit(submission: Submission, mayExist: boolean): Promise<string>;
  /** What AWS Batch knows of jobs, as its events tell it. Jobs that it has forgotten are missing: it keeps those that are over for a week. */
  describe(batchJobIds: readonly string[]): Promise<BatchJobDetail[]>;
  /**
   * A child of an array that waits for a machine, of the first that AWS Batch lists, preferably one that has a reason; undefined where none waits.
   * The array itself is `PENDING` then, and has no reason.
   */
  describeWaitingChild(arrayJobId: string): Promise<BatchJobDetail | undefined>;
  /** The children of an array that have failed. */
  describeFailedChildren(arrayJobId: string): Promise<BatchJobDetail[]>;
  /** Ends a job in whichever state it is; one that is over stays as it is. */
  terminate(batchJobId: string, reason: string): Promise<void>;
}

/** The client, and the pause before a call is tried again. */
export interface BatchCallsDeps {
  /** A client that does not retry by itself, or it might submit a job twice. */
  readonly client: BatchClient;
  /** Pause before a call is tried again; listings of jobs lag by some seconds. */
  readonly pauseMs: number;
}

const ATTEMPTS = 3;
/** More ids in one call are refused. */
const MOST_DESCRIBED = 100;
const TOO_MANY_REQUESTS = 429;

/** Makes the calls with a client. */
export function createBatchCalls({ client, pauseMs }: BatchCallsDeps): BatchCalls {
  async function findByName({ queue, name }: Submission): Promise<string | undefined> {
    const filters = [{ name: 'JOB_NAME', values: [name] }];
    const { jobSummaryList = [] } = await client.send(new ListJobsCommand({ jobQueue: queue, filters }));
    return jobSummaryList[0]?.jobId;
  }

  async function submitOnce(submission: Submission): Promise<string> {
    const { name, jobDefinition, queue, environment, tags, size } = submission;
    const command = new SubmitJobCommand({
      jobName: name,
      jobDefinition,
      jobQueue: queue,
      containerOverrides: {
        environment: Object.entries(environment).map(([variable, value]) => ({ name: variable, value })),
      },
      tags: { ...tags },
      ...(size === undefined ? {} : { arrayProperties: { size } }),
    });
    const { jobId } = await client.send(command);
    if (jobId === undefined) throw new TypeError('AWS Batch gave no job id.');
    return jobId;
  }

  async function withRetries<T>(call: (attempt: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(attempt);
      } catch (error) {
        if (attempt === ATTEMPTS || isRefusal(error)) throw error;
        await sleep(pauseMs * attempt);
      }
    }
  }

  async function describe(batchJobIds: readonly string[]): Promise<BatchJobDetail[]> {
    const found: BatchJobDetail[] = [];
    for (let start = 0; start < batchJobIds.length; start += MOST_DESCRIBED) {
      const ids = batchJobIds.slice(start, start + MOST_DESCRIBED);
      const { jobs = [] } = await withRetries(() => client.send(new DescribeJobsCommand({ jobs: ids })));
      found.push(...jobs.map((job) => JobDetailSchema.parse(job)));
    }
    return found;
  }

  /** Describes the children of an array that are in a state, of the first 100 that AWS Batch lists. */
  async function describeChildren(arrayJobId: string, jobStatus: JobStatus): Promise<BatchJobDetail[]> {
    const { jobSummaryList = [] } = await withRetries(() =>
      client.send(new ListJobsCommand({ arrayJobId, jobStatus, maxResults: MOST_DESCRIBED })),
    );
    const children = await describe(jobSummaryList.flatMap(({ jobId }) => jobId ?? []));
    return children.filter(({ status }) => status === jobStatus);
  }

  return {
    submit: (submission, mayExist) =>
      withRetries(async (attempt) => {
        const known = mayExist || attempt > 1 ? await findByName(submission) : undefined;
        return known ?? submitOnce(submission);
      }),
    describe,
    async describeWaitingChild(arrayJobId) {
      const waiting = await describeChildren(arrayJobId, 'RUNNABLE');
      return waiting.find(({ statusReason = '' }) => statusReason !== '') ?? waiting[0];
    },
    describeFailedChildren: (arrayJobId) => describeChildren(arrayJobId, 'FAILED'),
    terminate: (jobId, reason) =>
      withRetries(async () => {
        await client.send(new TerminateJobCommand({ jobId, reason }));
      }),
  };
}

/** Whether the same call would be refused again. */
function isRefusal(error: unknown): boolean {
  const status = error instanceof BatchServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
  return status >= 400 && status < 500 && status !== TOO_MANY_REQUESTS;
}

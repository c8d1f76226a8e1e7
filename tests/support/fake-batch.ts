// A server that answers the calls of the AWS SDK's Batch client that the project makes, and remembers them.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { BatchClient } from '@aws-sdk/client-batch';

export interface SubmittedJob {
  readonly jobId: string;
  readonly jobName: string;
  readonly jobQueue: string;
  readonly jobDefinition: string;
  readonly tags: Record<string, string>;
  readonly environment: Record<string, string>;
  /** Of an array job. */
  readonly arrayProperties?: { readonly size: number };
}

/** A job as DescribeJobs answers it, as far as it matters here. */
export interface DescribedJob {
  readonly jobId: string;
  readonly jobName: string;
  readonly jobQueue: string;
  readonly status: string;
  readonly statusReason?: string;
  readonly stoppedAt?: number;
  readonly attempts?: readonly object[];
  /** Of an array. */
  readonly arrayProperties?: { readonly statusSummary: Readonly<Record<string, number>> };
}

export interface FakeBatch {
  readonly client: BatchClient;
  /** Its address, for a client of its own. */
  readonly endpoint: string;
  readonly submitted: readonly SubmittedJob[];
  readonly terminated: readonly string[];
  /** Why each of them was ended. */
  readonly reasons: readonly string[];
  /** Says what is answered about jobs from now on. */
  describe(jobs: readonly DescribedJob[]): void;
  /** Makes the next submissions fail: with an answer of that status, or `after` the job was taken. */
  failNext(failure: 'denied' | 'answer-lost'): void;
  /** Runs before the next submission is answered. */
  beforeAnswer(action: () => Promise<void>): void;
  close(): Promise<void>;
}

interface SubmitRequest extends Omit<SubmittedJob, 'jobId' | 'environment'> {
  readonly containerOverrides: { readonly environment: readonly { name: string; value: string }[] };
}

export async function startFakeBatch(): Promise<FakeBatch> {
  const submitted: SubmittedJob[] = [];
  const terminated: string[] = [];
  const reasons: string[] = [];
  let described: readonly DescribedJob[] = [];
  let failure: 'denied' | 'answer-lost' | undefined;
  let before: (() => Promise<void>) | undefined;

  async function answer(path: string, body: string): Promise<{ status: number; body: unknown } | undefined> {
    if (path === '/v1/terminatejob') {
      terminated.push(JSON.parse(body).jobId);
      reasons.push(JSON.parse(body).reason);
      return { status: 200, body: {} };
    }
    if (path === '/v1/describejobs') {
      const { jobs } = JSON.parse(body);
      return { status: 200, body: { jobs: described.filter(({ jobId }) => jobs.includes(jobId)) } };
    }
    if (path === '/v1/listjobs') {
      const { jobQueue, filters, arrayJobId, jobStatus } = JSON.parse(body);
      // AWS Batch lists a queue or an array, never both.
      if (arrayJobId !== undefined && jobQueue === undefined)
        return {
          status: 200,
          body: {
            jobSummaryList: described.filter(
              ({ jobId, status }) => jobId.startsWith(`${arrayJobId}:`) && status === jobStatus,
            ),
          },
        };
      const found = submitted.filter(
        (job) => job.jobQueue === jobQueue && filters[0].values.includes(job.jobName),
      );
      return {
        status: 200,
        body: { jobSummaryList: found.map(({ jobId, jobName }) => ({ jobId, jobName })) },
      };
    }
    const current = failure;
    failure = undefined;
    if (current === 'denied') return { status: 403, body: { message: 'not allowed to SubmitJob' } };
    const request = JSON.parse(body) as SubmitRequest;
    const jobId = `batch-${submitted.length + 1}`;
    const environment = Object.fromEntries(
      request.containerOverrides.environment.map(({ name, value }) => [name, value]),
    );
    submitted.push({ ...request, jobId, environment });
    await before?.();
    before = undefined;
    return current === 'answer-lost' ? undefined : { status: 200, body: { jobId, jobName: request.jobName } };
  }

  const server = createServer(async (request, response) => {
    const result = await answer(request.url ?? '', await text(request));
    if (result === undefined) {
      response.destroy();
      return;
    }
    response
      .writeHead(result.status, { 'content-type': 'application/json' })
      .end(JSON.stringify(result.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new BatchClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  });

  return {
    client,
    endpoint,
    submitted,
    terminated,
    reasons,
    describe: (jobs) => {
      described = jobs;
    },
    failNext: (kind) => {
      failure = kind;
    },
    beforeAnswer: (action) => {
      before = action;
    },
    async close() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

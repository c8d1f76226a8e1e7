// The whole cloud path without a cloud: the stack in a CloudFormation of somebody else's (moto), the shipped functions
// under AWS's own runtime, trainers in containers of their image.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSampleDataset } from '../../../cli/sample-dataset/write-sample-dataset.ts';
import { TrainerFleetSchema } from '../../../core/environment.ts';
import { baseImageOf, hasImage, standInForNode } from '../../support/cloud/base-image.ts';
import { type Deployment, deploy } from '../../support/cloud/deploy.ts';
import { startDeployedFunction } from '../../support/cloud/deployed-function.ts';
import { canRun, runCommand } from '../../support/cloud/run-command.ts';
import { buildTrainerImage } from '../../support/cloud/trainer-image.ts';
import { type FunctionUrl, serveFunctionUrl } from '../../support/lambda/function-url.ts';
import { installLambdaRuntime, type LambdaRuntime } from '../../support/lambda/install-runtime.ts';
import type { LambdaInstance } from '../../support/lambda/lambda-instance.ts';
import { startMoto } from '../../support/start-moto.ts';
import type { AnyJson } from '../../support/test-app.ts';

const VARIANT = process.env['FOVEA_TEST_IMAGE_VARIANT'] ?? 'cpu';
const BASE_IMAGE = await baseImageOf('batch-job/Dockerfile');
const DATASET = 'shapes';
const JOB_TIMEOUT_MS = 600_000;
const POLL_MS = 500;

interface Ready {
  readonly runtime: LambdaRuntime;
  readonly endpoint: string;
  readonly stopMoto: () => Promise<void>;
}

/** What the test needs from outside, or why it cannot run. */
async function prepare(): Promise<Ready | string> {
  if (!(await canRun('docker', 'info'))) return 'no Docker engine answers (docker info)';
  if (!(await hasImage(BASE_IMAGE))) {
    const standIn = await standInForNode(BASE_IMAGE);
    if (standIn === undefined) return `the image ${BASE_IMAGE} is neither here nor to be pulled or made`;
    console.log(`For ${BASE_IMAGE} stands: ${standIn}.`);
  }
  if (!(await canRun('aws', '--version'))) return 'the AWS CLI is not installed';
  const runtime = await installLambdaRuntime();
  if (runtime.node === undefined) return runtime.reason;
  const moto = await startMoto({ withStack: true });
  if (moto.endpoint === undefined) return moto.reason;
  return { runtime, endpoint: moto.endpoint, stopMoto: moto.stop };
}

const ready = await prepare();
if (typeof ready === 'string') console.warn(`The cloud path is not tried: ${ready}.`);

describe.skipIf(typeof ready === 'string')('the cloud', () => {
  const { runtime, endpoint, stopMoto } = ready as Ready;
  let deployment: Deployment;
  let api: LambdaInstance;
  let jobEvents: LambdaInstance;
  let front: FunctionUrl;
  let pictures = '';
  /** In the order of their start. */
  const started: { stop(): Promise<void> }[] = [];
  let authorization: string;
  let jobId: string;

  beforeAll(async () => {
    started.push({ stop: stopMoto });
    pictures = await mkdtemp(path.join(tmpdir(), 'fovea-pictures-'));
    await runCommand('npm', ['run', '--silent', 'build:function', '--', '--architecture', 'x86_64']);
    const image = await buildTrainerImage(VARIANT);
    deployment = await deploy(endpoint, image, { trainerFamilies: 'c7i' });
    api = await startDeployedFunction(deployment, runtime, 'Api');
    jobEvents = await startDeployedFunction(deployment, runtime, 'JobEvents');
    front = await serveFunctionUrl(api);
    started.push(api, jobEvents, front);
    const { SecretString } = await deployment.aws(
      'secretsmanager',
      'get-secret-value',
      '--secret-id',
      String(deployment.outputs['ApiKeysSecret']),
    );
    authorization = `Bearer ${JSON.parse(SecretString).default}`;
  });

  afterAll(async () => {
    await Promise.allSettled(started.reverse().map((part) => part.stop()));
    await rm(pictures, { recursive: true, force: true });
  });

  async function request(
    method: string,
    route: string,
    body?: string | Uint8Array<ArrayBuffer>,
    contentType = 'application/json',
  ) {
    const response = await fetch(front.url + route, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': contentType }) },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    if (response.status === 502) throw new Error(`${method} ${route}: ${text}\n${api.output().slice(-4000)}`);
    const answer: AnyJson = JSON.parse(text);
    return { status: response.status, body: answer };
  }

  const readJob = async () => (await request('GET', `/v1/fine_tuning/jobs/${jobId}`)).body;

  async function waitFor<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + JOB_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(POLL_MS);
    }
    throw new Error(
      `${what} did not happen within ${JOB_TIMEOUT_MS} ms; the job: ${JSON.stringify(await readJob())}`,
    );
  }

  /** The container of the newest Batch job of the job. */
  const findContainer = async () => {
    const ids = await runCommand('docker', ['ps', '--quiet', '--no-trunc']);
    for (const id of ids.split('\n').filter((line) => line !== '')) {
      const variables = await runCommand('docker', ['inspect', '--format', '{{json .Config.Env}}', id]).catch(
        () => '',
      );
      if (variables.includes(`FOVEA_JOB_ID=${jobId}`)) return id;
    }
    return undefined;
  };

  it('says what is missing to who has no key', async () => {
    const response = await fetch(`${front.url}/v1/models`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: 'api-key-missing' } });
    expect((await fetch(`${front.url}/readyz`)).status).toBe(200);
  });

  it('takes a dataset from the AWS CLI and a fine-tune by HTTP', async () => {
    await writeSampleDataset(pictures, { seed: 7 });
    const target = `s3://${deployment.outputs['BucketName']}/datasets/${DATASET}/`;
    await deployment.aws('s3', 'cp', '--recursive', '--quiet', pictures, target);
    const { status, body } = await request(
      'POST',
      '/v1/fine_tuning/jobs',
      JSON.stringify({ model: 'small_cnn', training_file: DATASET, suffix: 'shapes', seed: 3 }),
    );
    expect({ status, body }).toMatchObject({ status: 200, body: { status: 'queued' } });
    jobId = body.id;
  });

  it('goes on after the machine was taken away once', async () => {
    const container = await waitFor('the start of the trainer', async () =>
      (await readJob()).status === 'running' ? await findContainer() : undefined,
    );
    await runCommand('docker', ['kill', '--signal', 'TERM', container]);
    const { jobs } = await batchJobs();
    await waitFor('the release of the job', async () =>
      (await readJob()).status === 'queued' ? true : undefined,
    );
    // moto neither retries nor tells EventBridge; AWS Batch gives up like this after its last attempt.
    await jobEvents.invoke(endEvent(jobs[0], 'FAILED', 'Host EC2 (instance i-0123456789) terminated.'));
    const moved = await waitFor('the second submission', async () => {
      const found = await batchJobs();
      return found.jobs.length === 2 ? found : undefined;
    });
    expect(moved.queues).toEqual(['spot', 'on-demand']);
    const done = await waitFor('the end of the job', async () => {
      const job = await readJob();
      return ['succeeded', 'failed', 'cancelled'].includes(job.status) ? job : undefined;
    });
    expect(done).toMatchObject({ status: 'succeeded', error: null, fine_tuned_model: 'shapes:1' });
  });

  it('trains the trials of a sweep as children of an array, and the rest of the job by itself', async () => {
    const { body } = await request(
      'POST',
      '/v1/fine_tuning/jobs',
      JSON.stringify({
        model: 'small_cnn',
        training_file: DATASET,
        suffix: 'swept',
        seed: 3,
        hyperparameters: { n_epochs: 3 },
        sweep: { learning_rate_multiplier: [1e-6, 1] },
      }),
    );
    jobId = body.id;
    const { trials } = await waitFor('the end of both trials', async () => {
      const job = await readJob();
      return job.trials.length === 2 ? job : undefined;
    });
    expect(trials).toMatchObject([
      { trial: 1, chosen: false },
      { trial: 2, chosen: true },
    ]);
    const children = (await batchJobs()).jobs.filter((job) => job.jobId.includes(':'));
    expect(children.map((job) => job.jobId.split(':')[1]).sort()).toEqual(['0', '1']);
    const [arrayId = ''] = children[0]?.jobId.split(':') ?? [];
    const array = await waitFor('the end of the array', async () => {
      const described = await deployment.aws('batch', 'describe-jobs', '--jobs', arrayId);
      return described.jobs[0].status === 'SUCCEEDED' ? described.jobs[0] : undefined;
    });
    expect(await readJob()).toMatchObject({ status: 'running', fine_tuned_model: null });

    for (const child of children) await jobEvents.invoke(endEvent(child, 'SUCCEEDED'));
    expect(await readJob()).toMatchObject({ status: 'running' });
    await jobEvents.invoke(endEvent(array, 'SUCCEEDED', undefined, 0));
    const done = await waitFor('the end of the job', async () => {
      const job = await readJob();
      return ['succeeded', 'failed', 'cancelled'].includes(job.status) ? job : undefined;
    });
    expect(done).toMatchObject({ status: 'succeeded', error: null, fine_tuned_model: 'swept:1', trials });
    const names = (await batchJobs()).jobs.map(({ jobName }) => jobName);
    expect(names).toContain(`${jobId}-2`);
  });

  it('answers from the model in the bucket', async () => {
    await writeSampleDataset(pictures, { seed: 8 });
    const [label = ''] = await readdir(pictures);
    const [file = ''] = await readdir(path.join(pictures, label));
    const picture = await readFile(path.join(pictures, label, file));
    const { status, body } = await request(
      'POST',
      '/v1/models/shapes/predict',
      new Uint8Array(picture),
      'image/png',
    );
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { model: 'shapes', model_version: '1', label },
    });
    expect(api.output()).toContain('"Predictions"');
  });

  it('gets a picture of 4.4 MB byte by byte, and refuses one that does not fit an event', async () => {
    const picture = await noisyJpeg(4_400_000);
    const route = '/v1/datasets/large/noise/1.jpg';
    expect(await request('PUT', route, new Uint8Array(picture), 'image/jpeg')).toMatchObject({ status: 200 });
    const copy = path.join(pictures, 'copy.jpg');
    await deployment.aws(
      's3',
      'cp',
      '--quiet',
      `s3://${deployment.outputs['BucketName']}/datasets/large/noise/1.jpg`,
      copy,
    );
    expect((await readFile(copy)).equals(picture)).toBe(true);
    const predicted = await request(
      'POST',
      '/v1/models/shapes/predict',
      new Uint8Array(picture),
      'image/jpeg',
    );
    expect(predicted).toMatchObject({ status: 200 });

    const tooLarge = await fetch(front.url + route, {
      method: 'PUT',
      headers: { authorization },
      body: new Uint8Array(4_800_000),
    });
    expect(tooLarge.status).toBe(413);
  });

  it('takes a larger picture by a presigned link, and predicts it by its key', async () => {
    const picture = new Uint8Array(await noisyJpeg(9_000_000));
    const tooLarge = await fetch(`${front.url}/v1/models/shapes/predict`, {
      method: 'POST',
      headers: { authorization },
      body: picture,
    });
    expect(tooLarge.status).toBe(413);
    const link = await request(
      'POST',
      '/v1/uploads',
      JSON.stringify({ bytes: picture.byteLength, mime_type: 'image/jpeg' }),
    );
    expect(link.status).toBe(200);
    const { key, url, method, headers } = link.body;
    expect(new URL(url).origin).not.toBe(new URL(front.url).origin);
    expect((await fetch(url, { method, headers, body: picture })).status).toBe(200);
    expect((await fetch(url, { method, headers, body: picture })).status).toBe(412);
    const copy = path.join(pictures, 'upload.jpg');
    await deployment.aws('s3', 'cp', '--quiet', `s3://${deployment.outputs['BucketName']}/${key}`, copy);
    expect((await readFile(copy)).equals(picture)).toBe(true);
    expect(
      await request('POST', '/v1/models/shapes/predict', JSON.stringify({ image_key: key })),
    ).toMatchObject({ status: 200, body: { object: 'prediction', model: 'shapes' } });
  });

  it('says what the job cost', async () => {
    const { body } = await request('GET', '/v1/fine_tuning/jobs?limit=1');
    expect(body.data[0].cost.seconds).toBeGreaterThan(1);
    expect(body.data[0].cost.usd).toBeGreaterThan(0);
  });

  it('ends the container of a job that is cancelled', async () => {
    const { body } = await request(
      'POST',
      '/v1/fine_tuning/jobs',
      JSON.stringify({ model: 'small_cnn', training_file: DATASET, suffix: 'cancelled' }),
    );
    jobId = body.id;
    await waitFor('the start of the trainer', async () =>
      (await readJob()).status === 'running' ? true : undefined,
    );
    expect(await request('POST', `/v1/fine_tuning/jobs/${jobId}/cancel`)).toMatchObject({ status: 200 });
    await waitFor('the end of the container', async () =>
      (await findContainer()) === undefined ? true : undefined,
    );
    // A trainer that is ended too soon to say so itself is heard of by AWS Batch's event.
    const { jobs } = await batchJobs();
    await jobEvents.invoke(endEvent(jobs[0], 'FAILED', 'The job was cancelled.'));
    await waitFor('the cancellation', async () =>
      (await readJob()).status === 'cancelled' ? true : undefined,
    );
  });

  it('is updated to other settings and back, and keeps its bucket, its address and its keys', async () => {
    const { aws, outputs, update } = deployment;
    const look = async () => {
      const { Functions } = await aws('lambda', 'list-functions');
      const memory = Functions.map(({ MemorySize }: { MemorySize: number }) => MemorySize).toSorted();
      const bucket = String(outputs['BucketName']);
      const { Contents = [] } = await aws(
        's3api',
        'list-objects-v2',
        '--bucket',
        bucket,
        '--prefix',
        'models/',
      );
      const keys = await aws(
        'secretsmanager',
        'get-secret-value',
        '--secret-id',
        String(outputs['ApiKeysSecret']),
      );
      return { memory, files: Contents.map(({ Key }: { Key: string }) => Key), keys: keys.SecretString };
    };
    const before = await look();
    const changed = { functionMemory: '3008', retentionDays: '60', jobHours: '24' };
    expect(await update(changed)).toEqual(outputs);
    expect((await look()).memory).not.toEqual(before.memory);
    expect(await update({})).toEqual(outputs);
    expect(await look()).toEqual(before);
    expect(before.files).not.toEqual([]);
  });

  /** Batch jobs of the job, in the order of their submission, and the kinds of their queues. */
  async function batchJobs() {
    const variables = await functionVariables();
    const { pools } = TrainerFleetSchema.parse(JSON.parse(variables['FOVEA_TRAINER_FLEET'] as string));
    const found: { jobId: string; jobName: string; jobQueue: string; capacity: string }[] = [];
    for (const { arn, capacity } of pools[0]?.queues ?? []) {
      for (const jobStatus of ['RUNNING', 'SUCCEEDED', 'FAILED', 'STARTING', 'RUNNABLE']) {
        const { jobSummaryList } = await deployment.aws(
          'batch',
          'list-jobs',
          '--job-queue',
          arn,
          '--job-status',
          jobStatus,
        );
        for (const job of jobSummaryList)
          if (job.jobName.startsWith(jobId)) found.push({ ...job, jobQueue: arn, capacity });
      }
    }
    found.sort((a, b) => (a.jobName < b.jobName ? -1 : 1));
    return { jobs: found, queues: found.map(({ capacity }) => capacity) };
  }

  async function functionVariables(): Promise<Record<string, string>> {
    const { Functions } = await deployment.aws('lambda', 'list-functions');
    return Functions.find(({ FunctionName }: { FunctionName: string }) => FunctionName.includes('Api'))
      .Environment.Variables;
  }

  const endEvent = (
    job: { jobId: string; jobName: string; jobQueue: string } | undefined,
    status: 'SUCCEEDED' | 'FAILED',
    statusReason?: string,
    seconds = 20,
  ) =>
    JSON.stringify({
      version: '0',
      source: 'aws.batch',
      'detail-type': 'Batch Job State Change',
      detail: {
        jobId: job?.jobId,
        jobName: job?.jobName,
        jobQueue: job?.jobQueue,
        status,
        statusReason,
        attempts: [{ startedAt: Date.now() - 1000 * seconds, stoppedAt: Date.now(), statusReason }],
      },
    });
});

/** A JPEG of noise, of just about so many bytes. */
async function noisyJpeg(sizeBytes: number): Promise<Buffer> {
  const side = 1024;
  const noise = Buffer.from(
    Uint8Array.from({ length: side * side * 3 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 24) ^ (i % 251)),
  );
  const jpeg = await sharp(noise, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: 80 })
    .toBuffer();
  // What comes after the end of the picture is ignored by decoders, and must arrive all the same.
  return jpeg.length >= sizeBytes ? jpeg : Buffer.concat([jpeg, noise, noise, noise], sizeBytes);
}

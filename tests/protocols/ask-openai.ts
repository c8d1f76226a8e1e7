// Asks a server by OpenAI's own client for Node: files, uploads in parts, batches, fine-tuning, models, errors. Keeps every answer, so that
// typed-answers.ts can hold it to the client's types.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { zipSync } from 'fflate';
import OpenAI, {
  type APIError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  toFile,
} from 'openai';
import { drawSampleDataset } from '../../cli/sample-dataset/draw-sample-dataset.ts';

const ENDPOINT = '/v1/models/color/predict';
const IMAGES_PER_CLASS = 8;
const PART_BYTES = 4096;
const MINUTES = 5;

/** An answer as it came over the wire. */
export interface Answer {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: unknown;
}

/** A server with a model named `color`, and one of its API keys, which may do everything. */
export interface AskedServer {
  readonly url: string;
  readonly key: string;
  /** A picture that is red. */
  readonly picture: Uint8Array;
}

/** Pictures of shapes, small enough to train on in seconds, as a zip archive with a folder for each class. */
export async function packShapes(): Promise<Uint8Array<ArrayBuffer>> {
  const files: Record<string, Uint8Array> = {};
  await drawSampleDataset(
    async (path, bytes) => {
      files[path] = bytes;
    },
    { imagesPerClass: IMAGES_PER_CLASS },
  );
  return Uint8Array.from(zipSync(files, { level: 0 }));
}

/**
 * Asks for everything.
 * @returns all answers that are JSON and no errors, and what was done, in a few words.
 * @throws {Error} at the first answer that is not as it should be.
 */
export async function askByOpenAI(
  server: AskedServer,
): Promise<{ readonly answers: readonly Answer[]; readonly summary: string }> {
  const answers: Answer[] = [];
  const client = openClient(server.url, server.key, answers);
  await askFiles(client);
  await askBatch(client, server.picture);
  const archive = await packShapes();
  const training = await sendInParts(client, archive);
  const trained = await askFineTuning(client, training);
  await askErrors(server, client, training, trained);
  await askModels(client, trained);
  await client.files.delete(training);
  await refused(client.files.retrieve(training), NotFoundError, 'file-not-found', 'file_id');
  return { answers, summary: `${answers.length} answers; trained ${trained}` };
}

function openClient(url: string, apiKey: string, answers?: Answer[]): OpenAI {
  return new OpenAI({
    baseURL: `${url}/v1`,
    apiKey,
    maxRetries: 0,
    async fetch(input, init) {
      const response = await fetch(input, init);
      if (response.ok && response.headers.get('content-type')?.startsWith('application/json'))
        answers?.push({
          method: init?.method ?? 'GET',
          path: new URL(String(input)).pathname,
          body: await response.clone().json(),
        });
      return response;
    },
  });
}

async function askFiles(client: OpenAI): Promise<void> {
  const made: string[] = [];
  for (const name of ['1.txt', '2.txt', '3.txt']) {
    const file = await client.files.create({
      file: await toFile(Buffer.from(name), name),
      purpose: 'user_data',
      expires_after: { anchor: 'created_at', seconds: 3600 },
    });
    assert.equal(file.filename, name);
    assert.equal(file.expires_at, file.created_at + 3600);
    made.push(file.id);
  }
  for (const order of ['asc', 'desc'] as const) {
    const found: string[] = [];
    for await (const { id } of client.files.list({ limit: 1, order, purpose: 'user_data' })) found.push(id);
    assert.deepEqual(found.toSorted(), made.toSorted());
  }
  const [first = '', ...others] = made;
  assert.equal((await client.files.waitForProcessing(first)).status, 'processed');
  assert.equal(await (await client.files.content(first)).text(), '1.txt');
  for (const id of [first, ...others]) assert.equal((await client.files.delete(id)).deleted, true);
}

async function askBatch(client: OpenAI, picture: Uint8Array): Promise<void> {
  const image = Buffer.from(picture).toString('base64');
  const line = (custom_id: string, body: object) =>
    JSON.stringify({ custom_id, method: 'POST', url: ENDPOINT, body });
  const lines = [
    line('base64', { image }),
    line('data', { model: 'color', image_url: { url: `data:image/png;base64,${image}` } }),
    line('none', { image_key: 'inputs/none.png' }),
  ];
  const file = await client.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'requests.jsonl'),
    purpose: 'batch',
  });
  let batch = await client.batches.create({
    input_file_id: file.id,
    // Its type names OpenAI's own routes alone.
    endpoint: ENDPOINT as '/v1/responses',
    completion_window: '24h',
    metadata: { for: 'test' },
  });
  await within(async () => {
    batch = await client.batches.retrieve(batch.id);
    return batch.status === 'completed';
  });
  assert.deepEqual(batch.request_counts, { total: 3, completed: 2, failed: 1 });
  const read = async (id: string | undefined) =>
    (await (await client.files.content(id ?? '')).text())
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
  const predicted = await read(batch.output_file_id);
  assert.deepEqual(
    predicted.map(({ custom_id, response }) => [custom_id, response.status_code, response.body.label]),
    [
      ['base64', 200, 'red'],
      ['data', 200, 'red'],
    ],
  );
  const [error] = await read(batch.error_file_id);
  assert.equal(error.error.code, 'picture-not-found');
  assert.equal((await client.files.retrieve(batch.output_file_id ?? '')).purpose, 'batch_output');
  const listed: string[] = [];
  for await (const { id } of client.batches.list({ limit: 1 })) listed.push(id);
  assert.deepEqual(listed, [batch.id]);
  for (const id of [file.id, batch.output_file_id ?? '']) await client.files.delete(id);
}

/** @returns the id of the file. */
async function sendInParts(client: OpenAI, archive: Uint8Array<ArrayBuffer>): Promise<string> {
  const about = { filename: 'shapes.zip', mime_type: 'application/zip', purpose: 'fine-tune' } as const;
  const given = await client.uploads.create({ ...about, bytes: archive.length });
  assert.equal((await client.uploads.cancel(given.id)).status, 'cancelled');
  const upload = await client.uploads.create({ ...about, bytes: archive.length });
  const part_ids: string[] = [];
  const partBytes = Math.max(PART_BYTES, Math.ceil(archive.length / 5));
  for (let at = 0; at < archive.length; at += partBytes) {
    const data = await toFile(archive.slice(at, at + partBytes), 'part');
    part_ids.push((await client.uploads.parts.create(upload.id, { data })).id);
  }
  const md5 = createHash('md5').update(archive).digest('hex');
  const { file, status } = await client.uploads.complete(upload.id, { part_ids, md5 });
  assert.equal(status, 'completed');
  assert.equal(file?.bytes, archive.length);
  return file.id;
}

/** @returns the name of the model. */
async function askFineTuning(client: OpenAI, training_file: string): Promise<string> {
  const { jobs } = client.fineTuning;
  const create = (suffix: string) =>
    jobs.create({
      model: 'small_cnn',
      training_file,
      suffix,
      seed: 1,
      metadata: { suffix },
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 1 } } },
    });
  const job = await create('shapes');
  // It waits for the first.
  const other = await create('others');
  const states = [
    (await jobs.pause(other.id)).status as string,
    (await jobs.resume(other.id)).status,
    (await jobs.cancel(other.id)).status,
  ];
  assert.deepEqual(states, ['paused', 'queued', 'cancelled']);
  let { status, fine_tuned_model: model } = job;
  await within(async () => {
    ({ status, fine_tuned_model: model } = await jobs.retrieve(job.id));
    await jobs.checkpoints.list(job.id, { limit: 1 });
    assert.notEqual(status, 'failed');
    return status === 'succeeded';
  });
  const listed: string[] = [];
  for await (const { id } of jobs.list({ limit: 1 })) listed.push(id);
  assert.deepEqual(listed, [other.id, job.id]);
  const found: string[] = [];
  for await (const { id } of jobs.list({ metadata: { suffix: 'shapes' } })) found.push(id);
  assert.deepEqual(found, [job.id]);
  let events = 0;
  for await (const event of jobs.listEvents(job.id, { limit: 2 })) events += event.message === '' ? 0 : 1;
  assert.ok(events > 2, `${events} events`);
  const checkpoints: string[] = [];
  for await (const { id } of jobs.checkpoints.list(job.id)) checkpoints.push(id);
  await refused(jobs.cancel(job.id), ConflictError, 'job-finished');
  return model ?? '';
}

async function askErrors(
  { url, key }: AskedServer,
  client: OpenAI,
  training: string,
  model: string,
): Promise<void> {
  await refused(
    openClient(url, 'wrong').models.list(),
    AuthenticationError,
    'api-key-invalid',
    'Authorization',
  );
  await refused(client.models.retrieve('none'), NotFoundError, 'model-not-found', 'model');
  await refused(
    client.fineTuning.jobs.create({ model: 'small_cnn', training_file: 'none' }),
    NotFoundError,
    'dataset-not-found',
    'training_file',
  );
  await refused(
    client.fineTuning.jobs.create({ model: 'gpt-4o', training_file: training }),
    BadRequestError,
    'architecture-unknown',
    'model',
  );
  const talk = '{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}';
  await refused(
    client.files.create({ file: await toFile(Buffer.from(talk), 'talk.jsonl'), purpose: 'fine-tune' }),
    BadRequestError,
    'file-invalid',
    'file',
  );
  const makeKey = async (terms: object): Promise<OpenAI> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/keys`, { method: 'POST', headers, body: JSON.stringify(terms) });
    return openClient(url, ((await response.json()) as { secret: string }).secret);
  };
  const predicts = await makeKey({ name: 'predicts', scopes: ['predict'] });
  await refused(
    predicts.fineTuning.jobs.create({ model: 'small_cnn', training_file: training }),
    PermissionDeniedError,
    'scope-missing',
    'Authorization',
  );
  await refused(predicts.models.delete(model), PermissionDeniedError, 'scope-missing', 'Authorization');
  const seldom = await makeKey({ name: 'seldom', scopes: ['predict'], requests_per_minute: 1 });
  await seldom.models.list();
  await refused(seldom.models.list(), RateLimitError, 'rate-limited');
}

async function askModels(client: OpenAI, trained: string): Promise<void> {
  const ids: string[] = [];
  for await (const { id } of client.models.list()) ids.push(id);
  assert.deepEqual(ids, ['color', 'shapes']);
  assert.equal((await client.models.retrieve(trained)).id, 'shapes');
  assert.equal((await client.models.delete('shapes')).deleted, true);
}

type ErrorClass = abstract new (...args: never[]) => APIError;

async function refused(asked: PromiseLike<unknown>, kind: ErrorClass, code: string, param?: string) {
  const error = await Promise.resolve(asked).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof kind, `${code} was expected as ${kind.name}: ${String(error)}`);
  assert.deepEqual([error.code, error.type], [code, 'invalid_request_error']);
  if (param !== undefined) assert.equal(error.param, param);
}

async function within(isThere: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + MINUTES * 60_000;
  while (!(await isThere())) {
    assert.ok(Date.now() < until, `it took more than ${MINUTES} minutes`);
    await delay(200);
  }
}

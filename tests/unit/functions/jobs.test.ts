import { beforeEach, describe, expect, it } from 'vitest';
import { encodeCheckpoint } from '../../../core/job/checkpoints/checkpoint-file.ts';
import { REMEDIES } from '../../../core/job/recipe/memory-record.ts';
import { acquireLease } from '../../../core/job/record/lease.ts';
import { keys } from '../../../core/storage/keys.ts';
import { colorPicture } from '../../support/color-model.ts';
import { makePictures } from '../../support/make-dataset.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const JOBS = '/v1/fine_tuning/jobs';
const BODY = { model: 'small_cnn', training_file: 'colors' };

let test: TestApp;
beforeEach(async () => {
  test = createTestApp();
  for (const color of ['red', 'blue'] as const) {
    for (const file of ['1.png', '2.png']) {
      await test.store.put(`datasets/colors/${color}/${file}`, await colorPicture(color));
    }
  }
  await test.store.put('datasets/colors/red/broken.png', 'no picture');
});

it('restores a missing open-job entry where the job is read', async () => {
  const { body } = await test.send('POST', JOBS, BODY);
  const id = (body as { id: string }).id;
  const key = keys.openJob(id, test.clock.nowMs);
  await test.store.delete(key);
  await test.send('GET', `${JOBS}/${id}`);
  expect(await test.store.head(key)).toBeDefined();
});

it('lists the jobs of a state and of metadata, page by page', async () => {
  const ids: string[] = [];
  for (const team of ['a', 'b', 'a', 'a']) {
    test.clock.nowMs += 1000;
    ids.unshift((await test.send('POST', JOBS, { ...BODY, metadata: { team, 'to do': 'x' } })).body.id);
  }
  await test.send('POST', `${JOBS}/${ids[0]}/cancel`);
  const idsOf = async (query: string) =>
    (await test.send('GET', `${JOBS}?${query}`)).body.data.map(({ id }: { id: string }) => id);
  expect(await idsOf('metadata[team]=a')).toEqual([ids[0], ids[1], ids[3]]);
  expect(await idsOf('metadata%5Bteam%5D=a&status=queued&metadata[to%20do]=x')).toEqual([ids[1], ids[3]]);
  const first = await test.send('GET', `${JOBS}?metadata[team]=a&limit=1`);
  expect(first.body).toMatchObject({ data: [{ id: ids[0] }], has_more: true });
  expect(await idsOf(`metadata[team]=a&after=${ids[0]}`)).toEqual([ids[1], ids[3]]);
  expect(await idsOf('metadata[team]=c')).toEqual([]);
  for (const wrong of ['metadata=a', 'meta[team]=a', 'status=gone', 'state=queued'])
    expect(await test.send('GET', `${JOBS}?${wrong}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid' } },
    });
});

describe('POST /v1/fine_tuning/jobs', () => {
  it('creates and submits a job, with every key that OpenAI requires', async () => {
    const { status, body } = await test.send('POST', JOBS, BODY);
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(/^ftjob-/),
      object: 'fine_tuning.job',
      created_at: Math.floor(test.clock.nowMs / 1000),
      finished_at: null,
      estimated_finish: null,
      model: 'small_cnn',
      fine_tuned_model: null,
      organization_id: 'org-fovea',
      status: 'queued',
      training_file: 'colors',
      validation_file: null,
      result_files: [],
      trained_tokens: null,
      hyperparameters: { n_epochs: 'auto', batch_size: 'auto', learning_rate_multiplier: 'auto' },
      method: {
        type: 'supervised',
        supervised: {
          hyperparameters: { n_epochs: 'auto', batch_size: 'auto', learning_rate_multiplier: 'auto' },
        },
      },
      seed: 0,
      error: null,
      integrations: [],
      metadata: {},
      dataset: 'colors',
      model_name: 'colors-small_cnn',
      model_version: null,
      started_at: null,
      recipe: {
        preset: 'default',
        stages: 'auto',
        unfreeze_from: 'auto',
        first_layer_rate: 'auto',
        batch_normalization: 'inference',
        augmentation: 'auto',
        imbalance: 'auto',
        out_of_memory: [...REMEDIES],
        variants: ['fp16', 'int8'],
      },
      resolved_recipe: null,
      base_choice: null,
      sweep: null,
      trials: [],
      remedies: [],
      split: { train: 0.75, validation: 0.15, test: 0.1 },
      split_snapshot: null,
      dataset_snapshot: null,
      backend: 'auto',
      attempts: 0,
      max_cost_usd: null,
      promote: 'auto',
      cost: { seconds: 0, usd: 0 },
      estimate: expect.objectContaining({ machine: 'g4dn.xlarge', gpu: 'T4', usd_per_hour: 0.5 }),
      cancel_requested: false,
      queued_reason: null,
      machines: null,
      worker: null,
      progress: null,
      result: null,
    });
    expect(test.submitted).toEqual([body.id]);
  });

  it('accepts every setting; those of the method take precedence over the old hyperparameters', async () => {
    const { status, body } = await test.send('POST', JOBS, {
      ...BODY,
      model: 'mobilenet_v2_0.35',
      training_file: 'datasets/colors',
      suffix: 'my-colors',
      seed: 7,
      hyperparameters: { n_epochs: 2, batch_size: 8 },
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 3 } } },
      metadata: { team: 'vision' },
      split: { train: 0.5, validation: 0.25, test: 0.25 },
      recipe: { preset: 'course', stages: 'full', unfreeze_from: 'block_13', augmentation: { flip: 0.5 } },
      sweep: { learning_rate_multiplier: [1, 3], stages: ['head', 'full'] },
      backend: 'portable',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      sweep: { learning_rate_multiplier: [1, 3], stages: ['head', 'full'] },
      trials: [],
      dataset: 'colors',
      model_name: 'my-colors',
      seed: 7,
      hyperparameters: { n_epochs: 3, batch_size: 8, learning_rate_multiplier: 'auto' },
      metadata: { team: 'vision' },
      split: { train: 0.5, validation: 0.25, test: 0.25 },
      recipe: {
        preset: 'course',
        stages: 'full',
        unfreeze_from: 'block_13',
        imbalance: 'auto',
        augmentation: { flip: 0.5, crop: 1, mixup: 0 },
      },
      backend: 'portable',
    });
  });

  it('refuses trainable layers that the network does not have', async () => {
    const answer = await test.send('POST', JOBS, {
      ...BODY,
      model: 'mobilenet_v2_0.35',
      recipe: { stages: 'full', unfreeze_from: 'block_99' },
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'layer-unknown', param: 'recipe.unfreeze_from' } },
    });
    expect(test.submitted).toEqual([]);
  });

  it('gives the same job for the same Idempotency-Key, and rejects another request under it', async () => {
    const key = { 'idempotency-key': 'once' };
    const first = await test.send('POST', JOBS, BODY, key);
    const again = await test.send('POST', JOBS, BODY, key);
    expect(again.body.id).toBe(first.body.id);
    const other = await test.send('POST', JOBS, { ...BODY, seed: 1 }, key);
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'idempotency-conflict' } } });
    expect((await test.send('GET', JOBS)).body.data).toHaveLength(1);
  });

  it('makes a deleted job not again where its request is repeated', async () => {
    const key = { 'idempotency-key': 'once' };
    const { id } = (await test.send('POST', JOBS, BODY, key)).body;
    await test.send('POST', `${JOBS}/${id}/cancel`);
    expect((await test.send('DELETE', `${JOBS}/${id}`)).status).toBe(200);
    const again = await test.send('POST', JOBS, BODY, key);
    expect([again.status, again.body.error.code]).toEqual([410, 'idempotency-gone']);
    expect(again.body.error.details).toEqual({ fine_tuning_job_id: id });
    expect((await test.send('GET', JOBS)).body.data).toEqual([]);
    expect((await test.send('POST', JOBS, BODY, { 'idempotency-key': 'twice' })).status).toBe(200);
  });

  it('shares an Idempotency-Key with nobody who has another API key', async () => {
    const shared = createTestApp({ apiKeys: async () => ({ ann: 'key-of-ann', bob: 'key-of-bob' }) });
    await shared.store.put('datasets/colors/red/1.png', await colorPicture('red'));
    await shared.store.put('datasets/colors/blue/1.png', await colorPicture('blue'));
    const as = async (name: string, body: object) =>
      (
        await shared.send('POST', JOBS, body, {
          'idempotency-key': 'once',
          authorization: `Bearer key-of-${name}`,
        })
      ).body;
    const ofAnn = await as('ann', BODY);
    const ofBob = await as('bob', { ...BODY, seed: 5 });
    expect([ofBob.error, ofBob.seed, ofBob.id === ofAnn.id]).toEqual([null, 5, false]);
    expect((await as('bob', BODY)).error.message).not.toContain(ofAnn.id);
    expect((await as('ann', BODY)).id).toBe(ofAnn.id);
  });

  it('writes one event that a job is queued, for any number of concurrent requests with its key', async () => {
    const key = { 'idempotency-key': 'at once' };
    const answers = await Promise.all([1, 2, 3, 4].map(() => test.send('POST', JOBS, BODY, key)));
    const ids = new Set(answers.map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const events = await test.send('GET', `${JOBS}/${[...ids][0]}/events`);
    expect(events.body.data).toHaveLength(1);
  });

  it('inspects the dataset in a dry run and creates no job', async () => {
    const { status, body } = await test.send('POST', JOBS, { ...BODY, dry_run: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'fine_tuning.dry_run',
      dataset: 'colors',
      model_name: 'colors-small_cnn',
      classes: [{ label: 'blue' }, { label: 'red' }],
    });
    expect(body.findings).toContainEqual(
      expect.objectContaining({
        code: 'file-unsupported',
        key: 'datasets/colors/red/broken.png',
        severity: 'warning',
      }),
    );
    expect(body.finding_groups).toContainEqual(
      expect.objectContaining({
        code: 'file-unsupported',
        count: 1,
        keys: ['datasets/colors/red/broken.png'],
      }),
    );
    expect(body.finding_counts).not.toHaveProperty('pictures-tiny');
    // It takes 224 × 224 pixels.
    const large = { ...BODY, model: 'mobilenet_v2_0.35', dry_run: true };
    expect((await test.send('POST', JOBS, large)).body.finding_counts['pictures-tiny']).toBe(2);
    expect(body.split.train + body.split.validation + body.split.test).toBe(2);
    expect((await test.send('GET', JOBS)).body.data).toEqual([]);
    expect(test.submitted).toEqual([]);
  });

  it('says in a dry run which published weights are missing', async () => {
    const weightsOf = async (model: string) =>
      (await test.send('POST', JOBS, { ...BODY, model, dry_run: true })).body.weights;
    expect(await weightsOf('small_cnn')).toBeNull();
    const missing = await weightsOf('mobilenet_v2_0.35');
    expect(missing).toEqual({
      architecture: 'mobilenet_v2_0.35',
      at_hand: false,
      file: 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5',
      url: expect.stringMatching(/^https:\/\/.*_0\.35_224_no_top\.h5$/),
      // 410,208 parameters.
      about_bytes: 4 * 410_208,
    });
    await test.store.put(`cache/weights/${missing.file}`, new Uint8Array(1));
    expect((await weightsOf('mobilenet_v2_0.35')).at_hand).toBe(true);
    await test.store.delete(`cache/weights/${missing.file}`);
    // The base that the trainer would take, since none is at hand.
    expect(await weightsOf('auto')).toMatchObject({ at_hand: false });
  });

  it('splits in a dry run as the job would', async () => {
    const pictures = await makePictures({ blue: 40, red: 40 });
    for (const [file, bytes] of Object.entries(pictures))
      await test.store.put(`datasets/many/${file}`, bytes);
    const splitOf = async (split?: object) =>
      (await test.send('POST', JOBS, { ...BODY, training_file: 'many', dry_run: true, split })).body.split;
    expect(await splitOf({ train: 1, validation: 0, test: 0 })).toEqual({
      train: 80,
      validation: 0,
      test: 0,
    });
    expect((await splitOf({ train: 0.9, validation: 0.1, test: 0 })).test).toBe(0);
    expect((await splitOf({ train: 0.1, validation: 0.1, test: 0.8 })).test).toBeGreaterThan(40);
    expect((await splitOf()).train).toBeGreaterThan(40);
  });

  it('reports all problems at once, with their paths', async () => {
    const { status, body } = await test.send('POST', JOBS, {
      model: 'small_cnn',
      suffix: '../up',
      seed: -1,
      method: { type: 'dpo' },
      metadata: { a: 1 },
      epochs: 3,
    });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'request-invalid', type: 'invalid_request_error' });
    const paths = body.error.details.issues.map((issue: { path: string }) => issue.path);
    expect(paths).toEqual(
      expect.arrayContaining(['training_file', 'suffix', 'seed', 'method.type', 'metadata.a', '']),
    );
    expect(body.error.message).toContain('received "../up"');
    expect(body.error.message).toContain('epochs');
  });

  it.each([
    [{ ...BODY, model: 'small_cn' }, 400, 'architecture-unknown', 'model'],
    [{ ...BODY, training_file: 'colours' }, 404, 'dataset-not-found', 'training_file'],
    [{ ...BODY, training_file: '../jobs' }, 400, 'dataset-name-invalid', 'training_file'],
    [{ ...BODY, validation_file: 'file-1' }, 400, 'request-invalid', 'validation_file'],
    [{ ...BODY, integrations: [{ type: 'wandb' }] }, 400, 'request-invalid', 'integrations'],
    [{ ...BODY, split: { train: 0.5, validation: 0.1, test: 0.1 } }, 400, 'request-invalid', 'split'],
    [{ ...BODY, backend: 'tpu' }, 400, 'request-invalid', 'backend'],
    [[], 400, 'request-invalid', null],
    ['text', 400, 'request-invalid', null],
  ] as const)('rejects %j', async (request, status, code, param) => {
    expect(await test.send('POST', JOBS, request)).toMatchObject({
      status,
      body: { error: { code, param } },
    });
    expect(test.submitted).toEqual([]);
  });

  it('suggests similar datasets and architectures', async () => {
    const dataset = await test.send('POST', JOBS, { ...BODY, training_file: 'colours' });
    expect(dataset.body.error.message).toContain('"colors"');
    const architecture = await test.send('POST', JOBS, { ...BODY, model: 'small_cn' });
    expect(architecture.body.error.message).toContain('small_cnn');
  });

  it('rejects other content types, and names the one that is needed', async () => {
    const { status, body } = await test.send('POST', JOBS, BODY, {
      'content-type': 'text/csv',
    });
    expect(status).toBe(415);
    expect(body.error.message).toContain('application/json');
  });

  it('rejects names of properties that every object inherits', async () => {
    const text =
      '{"model":"small_cnn","training_file":"colors","__proto__":{"dry_run":true},"metadata":{"__proto__":"x"}}';
    const response = await test.app.request(JOBS, {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/json' },
    });
    expect([200, 400]).toContain(response.status);
    expect(Object.hasOwn(Object.prototype, 'dry_run')).toBe(false);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const answer = await test.send('POST', JOBS, { model: name, training_file: name });
      expect(answer.status).toBe(400);
      expect(answer.body.error.code).toBe('architecture-unknown');
    }
  });
});

describe('GET /v1/fine_tuning/jobs', () => {
  it('pages, newest first', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      test.clock.nowMs += 1000;
      ids.unshift((await test.send('POST', JOBS, { ...BODY, seed: index })).body.id);
    }
    const first = await test.send('GET', `${JOBS}?limit=2`);
    expect(first.body).toMatchObject({
      object: 'list',
      has_more: true,
      data: [{ id: ids[0] }, { id: ids[1] }],
    });
    const second = await test.send('GET', `${JOBS}?limit=3&after=${ids[1]}`);
    expect(second.body).toMatchObject({
      has_more: false,
      data: [{ id: ids[2] }, { id: ids[3] }, { id: ids[4] }],
    });
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'after=..%2f', 'page=2'])('rejects ?%s', async (query) => {
    expect(await test.send('GET', `${JOBS}?${query}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid' } },
    });
  });
});

describe('one job', () => {
  it('has its progress and its estimate', async () => {
    const job = await test.jobs.create(newJob());
    await test.jobs.update(job.id, (record) => ({
      ...record,
      status: 'running',
      progress: {
        stage: 'training',
        trial: null,
        trials: null,
        epoch: 2,
        epochs: 4,
        step: 1,
        steps: 9,
        loss: 0.5,
        accuracy: 0.75,
        imagesPerSecond: 120,
        secondsLeft: 30,
        rssBytes: 1000,
      },
    }));
    const { body } = await test.send('GET', `${JOBS}/${job.id}`);
    expect(body.progress).toMatchObject({
      stage: 'training',
      images_per_second: 120,
      seconds_left: 30,
      rss_bytes: 1000,
    });
    expect(body.estimated_finish).toBe(Math.round(test.clock.nowMs / 1000) + 30);
  });

  it('names the model once it has succeeded', async () => {
    const job = await test.jobs.create(newJob({ model: 'fruit' }));
    await test.jobs.update(job.id, (record) => ({ ...record, status: 'running', modelVersion: '3' }));
    expect((await test.send('GET', `${JOBS}/${job.id}`)).body.fine_tuned_model).toBeNull();
    await test.jobs.update(job.id, (record) => ({ ...record, status: 'succeeded' }));
    expect((await test.send('GET', `${JOBS}/${job.id}`)).body.fine_tuned_model).toBe('fruit:3');
  });

  it('is cancelled once', async () => {
    const { body: job } = await test.send('POST', JOBS, BODY);
    const cancelled = await test.send('POST', `${JOBS}/${job.id}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { id: job.id, status: 'cancelled' } });
    expect(test.cancelled).toEqual([job.id]);
    const again = await test.send('POST', `${JOBS}/${job.id}/cancel`);
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'job-finished' } } });
  });

  it('is paused and resumed, and tells which of both it waits for', async () => {
    const { body: job } = await test.send('POST', JOBS, BODY);
    expect(await test.send('POST', `${JOBS}/${job.id}/resume`)).toMatchObject({
      status: 409,
      body: { error: { code: 'job-not-paused' } },
    });
    expect((await test.send('POST', `${JOBS}/${job.id}/pause`)).body).toMatchObject({ status: 'paused' });
    expect((await test.send('POST', `${JOBS}/${job.id}/pause`)).body).toMatchObject({ status: 'paused' });
    expect((await test.send('POST', `${JOBS}/${job.id}/resume`)).body).toMatchObject({ status: 'queued' });
    await acquireLease({ jobs: test.jobs, now: () => test.clock.nowMs }, job.id, 'trainer');
    expect((await test.send('POST', `${JOBS}/${job.id}/pause`)).body).toMatchObject({ status: 'pausing' });
    expect((await test.send('GET', `${JOBS}?status=pausing`)).body.data).toHaveLength(1);
    expect((await test.send('POST', `${JOBS}/${job.id}/resume`)).body).toMatchObject({ status: 'running' });
    await test.send('POST', `${JOBS}/${job.id}/finish`);
    const { body: other } = await test.send('POST', JOBS, BODY);
    await test.store.put(keys.jobCheckpoint(other.id, 3), 'a checkpoint');
    await test.send('POST', `${JOBS}/${other.id}/pause`);
    await test.send('POST', `${JOBS}/${other.id}/cancel`);
    expect(await test.store.head(keys.jobCheckpoint(other.id, 3))).toBeUndefined();
    expect(await test.jobs.get(job.id)).toMatchObject({ status: 'running', finishRequested: true });
  });

  it('lists its checkpoints page by page, also where the last of a page was deleted meanwhile', async () => {
    const { body: job } = await test.send('POST', JOBS, BODY);
    const header = { stage: 'full', epoch: 2, isFinished: false, history: [] };
    const file = encodeCheckpoint({ header, tensors: new Map() });
    for (const sequence of [4, 5, 6]) await test.store.put(keys.jobCheckpoint(job.id, sequence), file);
    const list = async (query: string) =>
      (await test.send('GET', `${JOBS}/${job.id}/checkpoints?${query}`)).body;
    const first = await list('limit=2');
    expect(first).toMatchObject({ first_id: 'ftckpt-6', last_id: 'ftckpt-5', has_more: true });
    await test.store.delete(keys.jobCheckpoint(job.id, 5));
    const rest = await list('limit=2&after=ftckpt-5');
    expect(rest).toMatchObject({ data: [{ id: 'ftckpt-4', stage: 'full', epoch: 2 }], has_more: false });
  });

  it('makes one model of a checkpoint for one Idempotency-Key, also with a body that nothing reads', async () => {
    const { body: job } = await test.send('POST', JOBS, BODY);
    const header = { stage: 'full', epoch: 2, isFinished: false, history: [] };
    await test.store.put(keys.jobCheckpoint(job.id, 4), encodeCheckpoint({ header, tensors: new Map() }));
    const make = () =>
      test.send('POST', `${JOBS}/${job.id}/checkpoints/ftckpt-4/model`, {}, { 'idempotency-key': 'once' });
    const first = await make();
    const again = await make();
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(test.submitted).toEqual([job.id, first.body.id]);
  });

  it('is erased once it is over, with everything of it', async () => {
    const { body: job } = await test.send('POST', JOBS, BODY);
    await test.store.put(keys.jobCheckpoint(job.id, 3), 'a checkpoint');
    await test.store.put(keys.jobContactSheet(job.id), 'pictures');
    await test.store.put(keys.jobTrial(job.id, 1), '{}');
    expect(await test.send('DELETE', `${JOBS}/${job.id}`)).toMatchObject({
      status: 409,
      body: { error: { code: 'job-open' } },
    });
    await test.send('POST', `${JOBS}/${job.id}/cancel`);
    expect(await test.send('DELETE', `${JOBS}/${job.id}`)).toMatchObject({
      status: 200,
      body: { id: job.id, object: 'fine_tuning.job', deleted: true },
    });
    const left: string[] = [];
    for await (const { key } of test.store.list('')) if (key.includes(job.id)) left.push(key);
    expect(left).toEqual([]);
    expect(await test.send('DELETE', `${JOBS}/${job.id}`)).toMatchObject({ status: 404 });
  });

  it.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/cancel'],
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['POST', '/finish'],
    ['GET', '/events'],
    ['GET', '/checkpoints'],
  ])('rejects an unknown id: %s …%s', async (method, suffix) => {
    expect(await test.send(method, `${JOBS}/ftjob-none${suffix}`)).toMatchObject({
      status: 404,
      body: {
        error: {
          code: 'job-not-found',
          message: expect.stringContaining('ftjob-none'),
          details: { fine_tuning_job_id: 'ftjob-none' },
        },
      },
    });
    expect(await test.send(method, `${JOBS}/..%2f..%2fmodels${suffix}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid' } },
    });
  });
});

describe('GET /v1/fine_tuning/jobs/{id}/events', () => {
  const event = (message: string) => ({
    level: 'info' as const,
    type: 'message' as const,
    message,
    data: null,
  });

  it('pages, newest first', async () => {
    const { id } = await test.jobs.create(newJob());
    for (const message of ['a', 'b', 'c']) await test.jobs.appendEvent(id, event(message));
    const first = await test.send('GET', `${JOBS}/${id}/events?limit=2`);
    expect(first.body).toMatchObject({
      object: 'list',
      has_more: true,
      data: [
        { object: 'fine_tuning.job.event', message: 'c', level: 'info', type: 'message', data: null },
        { message: 'b' },
      ],
    });
    const rest = await test.send('GET', `${JOBS}/${id}/events?after=${first.body.data[1].id}`);
    expect(rest.body).toMatchObject({ has_more: false, data: [{ message: 'a' }] });
  });

  it('streams them until the job is over, from the last one seen', async () => {
    const { id } = await test.jobs.create(newJob());
    const seen = await test.jobs.appendEvent(id, event('before'));
    const follow = async (headers: Record<string, string>) => {
      const response = await test.app.request(`${JOBS}/${id}/events`, {
        headers: { accept: 'text/event-stream', ...headers },
      });
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      return response.text();
    };
    const streams = [follow({}), follow({ 'last-event-id': seen.id })];
    await test.jobs.appendEvent(id, event('after'));
    await test.jobs.requestCancel(id);
    const [all = '', resumed = ''] = await Promise.all(streams);
    expect(all.indexOf('"before"')).toBeGreaterThan(-1);
    expect(all.indexOf('"after"')).toBeGreaterThan(all.indexOf('"before"'));
    expect(all).toContain('event: done');
    expect(all).toContain('"status":"cancelled"');
    expect(resumed).not.toContain('"before"');
    expect(resumed).toContain('"after"');
  });
});

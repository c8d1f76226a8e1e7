// A data folder and a bucket of the version before: today's code serves them, goes on with them and rolls back, and what it
// writes the version before can read. tests/fixtures/README.md says what is in them.

import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { backUp } from '../../core/backup/back-up.ts';
import { restore } from '../../core/backup/restore.ts';
import { decodeCheckpoint } from '../../core/job/checkpoints/checkpoint-file.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { changeLiveRecord, withLive } from '../../core/model/live-record.ts';
import { REPORT } from '../../core/model/report.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { createS3Store } from '../../core/storage/drivers/s3.ts';
import type { FORMATS } from '../../core/storage/formats.ts';
import { readJson } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { runAttempt } from '../support/run-attempt.ts';
import { MOTO_CREDENTIALS, startMoto } from '../support/start-moto.ts';
import { type AnyJson, createTestApp, type TestApp } from '../support/test-app.ts';

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/stored-1');
const JOBS = '/v1/fine_tuning/jobs';

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-upgrade-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function openFolder(): Promise<ObjectStore> {
  const root = path.join(folder, 'data');
  await cp(path.join(FIXTURE, 'data'), root, { recursive: true });
  return createFilesystemStore({ root });
}

async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

const moto = await startMoto();
if (moto.endpoint !== undefined) afterAll(moto.stop);
else console.warn(`A bucket of the version before is not tried: ${moto.reason}.`);

async function openBucket(): Promise<ObjectStore> {
  const client = new S3Client({
    endpoint: moto.endpoint as string,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: MOTO_CREDENTIALS,
  });
  await client.send(new CreateBucketCommand({ Bucket: 'upgrade' }));
  const store = createS3Store({ client, bucket: 'upgrade', prefix: 'fovea' });
  const fixture = createFilesystemStore({ root: path.join(FIXTURE, 'data') });
  for (const key of await keysOf(fixture)) await store.put(key, (await fixture.get(key))?.body ?? '');
  return store;
}

/** Readers of the version before, by kind. */
const schemas: Record<string, z.core.JSONSchema.JSONSchema> = JSON.parse(
  await readFile(path.join(FIXTURE, 'schemas.json'), 'utf8'),
);
const oldReaders = Object.fromEntries(
  Object.entries(schemas).map(([kind, schema]) => [kind, z.fromJSONSchema(schema)]),
);

const KINDS: readonly (readonly [RegExp, keyof typeof FORMATS])[] = [
  [/^jobs\/[^/]+\/(job|trials\/\d+)\.json$/, 'job'],
  [/^jobs\/[^/]+\/events\/\d+\.json$/, 'event'],
  [/^models\/[^/]+\/\d+\/manifest\.json$/, 'manifest'],
  [/^models\/[^/]+\/\d+\/report\.json$/, 'report'],
  [/^models\/[^/]+\/\d+\/parity\.json$/, 'parity'],
  [/^models\/[^/]+\/\d+\/claim\.json$/, 'claim'],
  [/^models\/[^/]+\/aliases\/[^/]+\.json$/, 'alias'],
  [/^backbones\/[^/]+\/backbone\.json$/, 'backbone'],
  [/^idempotency\/[^/]+\.json$/, 'idempotency'],
  [/\.checkpoint$/, 'checkpoint'],
];

/** The largest number of a format that the version before reads. It refuses larger ones by name. */
const OLD_FORMAT = 1;

/**
 * What an old reader does not take of the objects there are, by key; which kinds there were; and the objects of a newer format,
 * which it refuses by name.
 */
async function readAsBefore(store: ObjectStore) {
  const refused: Record<string, string> = {};
  const newer: string[] = [];
  const kinds = new Set<string>();
  for (const key of await keysOf(store)) {
    const kind = KINDS.find(([pattern]) => pattern.test(key))?.[1];
    const body = kind === undefined ? undefined : (await store.get(key))?.body;
    if (kind === undefined || body === undefined) continue;
    const value =
      kind === 'checkpoint' ? decodeCheckpoint(body).header : JSON.parse(Buffer.from(body).toString());
    if (value.formatVersion > OLD_FORMAT) {
      newer.push(key);
      continue;
    }
    const read = oldReaders[kind]?.safeParse(value);
    if (read?.success === true) kinds.add(kind);
    else refused[key] = read?.error.message ?? 'there is no such reader';
  }
  return { refused, newer, kinds: [...kinds].sort() };
}

describe('what the version before has left', () => {
  it('is a report with everything that a report has', async () => {
    const store = createMemoryStore();
    await store.put('report.json', await readFile(path.join(FIXTURE, 'scratch-report.json')));
    const report = (await readJson(store, 'report.json', REPORT))?.value;
    expect(report?.variants.length).toBeGreaterThan(0);
    expect(report?.results).not.toBeNull();
  });
});

describe.each([
  ['a data folder', true, openFolder],
  ['a bucket', moto.endpoint !== undefined, openBucket],
])('%s of the version before', (name, isThere, open) => {
  let store: ObjectStore;
  let test: TestApp;
  let all: Readonly<Record<string, string>>;
  beforeAll(async () => {
    if (!isThere) return;
    store = await open();
    test = createTestApp({ store });
    const { jobs } = await test.jobs.list({ limit: 100 });
    all = Object.fromEntries(
      jobs.map(({ model, seed, id }) => [model === 'colors' ? `colors ${seed}` : model, id]),
    );
  });

  const idOf = (name: string) => all[name] as string;
  const jobOf = async (name: string) => (await test.jobs.get(idOf(name))) as JobRecord;
  const messagesOf = async (id: string) =>
    (await test.jobs.events(id, { limit: 1000 })).events.map(({ message }) => message).join('\n');
  const attempt = (id: string) => runAttempt({ store, jobs: test.jobs }, id);

  async function answerOf(model: string): Promise<string> {
    const picture = (await store.get(keys.datasetFile('colors', 'blue', '0.png')))?.body ?? '';
    const response = await test.app.request(`/v1/models/${model}/predict`, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(picture)),
    });
    const answer: AnyJson = await response.json();
    expect([response.status, answer.error]).toEqual([200, undefined]);
    return `${answer.label} by ${answer.model_version ?? answer.version}`;
  }

  it.runIf(isThere)('lists its jobs with their events, models and datasets', async () => {
    const { status, body } = await test.send('GET', JOBS);
    expect(status).toBe(200);
    const found = body.data.map((job: { status: string }) => job.status).sort();
    expect(found).toEqual([
      'cancelled',
      'failed',
      'queued',
      'running',
      'succeeded',
      'succeeded',
      'validating_files',
    ]);
    const events = await test.send('GET', `${JOBS}/${idOf('colors 1')}/events`);
    expect(events.body.data.map(({ message }: { message: string }) => message).join('\n')).toContain(
      'Model "colors" version 1 is ready.',
    );
    const models = await test.send('GET', '/v1/models');
    expect(models.body.data).toHaveLength(2);
    expect(models.body.data.map(({ problem }: { problem: unknown }) => problem)).toEqual([null, null]);
    expect((await test.send('GET', '/v1/datasets/colors')).status).toBe(200);
    expect((await test.send('GET', '/v1/models/colors/report?format=json')).status).toBe(200);
  });

  it.runIf(isThere)('serves its models, each version of them', async () => {
    expect(await answerOf('color')).toBe('blue by 1');
    expect(await answerOf('colors')).toMatch(/by 2$/);
    expect(await answerOf('colors:1')).toMatch(/by 1$/);
  });

  it.runIf(isThere)('holds to its idempotency keys', async () => {
    const another = { training_file: 'colors', model: 'onnx:tiny' };
    const { status, body } = await test.send('POST', JOBS, another, { 'idempotency-key': 'fixture' });
    expect([status, body.error?.code]).toEqual([409, 'idempotency-conflict']);
    expect(body.error.message).toContain(idOf('colors 1'));
  });

  it.runIf(isThere)('goes on from the checkpoint of a job that was stopped', async () => {
    expect(await attempt(idOf('stopped'))).toBe('succeeded');
    expect(await messagesOf(idOf('stopped'))).toMatch(/resumes in the stage "head" at epoch/);
    expect(await answerOf('stopped')).toMatch(/by 1$/);
  });

  it.runIf(isThere)('goes on with a sweep, without the trial that is over', async () => {
    const before = await jobOf('swept');
    expect(before.trials).toHaveLength(1);
    expect(await attempt(before.id)).toBe('succeeded');
    const { trials } = await jobOf('swept');
    expect(trials[0]).toEqual(before.trials[0]);
    expect(trials.map(({ trial }) => trial)).toEqual([1, 2]);
  });

  it.runIf(isThere)('trains the next version, on features that are there', async () => {
    const {
      architecture,
      dataset,
      model,
      seed,
      hyperparameters,
      recipe,
      sweep,
      split,
      backend,
      metadata,
      maxCostUsd,
    } = await jobOf('colors 1');
    const cached = await keysOf(store, keys.features());
    const request = {
      architecture,
      dataset,
      model,
      seed,
      hyperparameters,
      recipe,
      sweep,
      split,
      splitSnapshot: null,
      backend,
      metadata,
      maxCostUsd,
    };
    const { id } = await test.jobs.create(request);
    expect(await attempt(id)).toBe('succeeded');
    expect(await keysOf(store, keys.features())).toEqual(cached);
    expect(await answerOf('colors:3')).toMatch(/by 3$/);
    // It has too few test pictures to replace the version that was served.
    expect(await answerOf('colors')).toMatch(/by 2$/);
  });

  it.runIf(isThere)('rolls back to an earlier version', async () => {
    await changeLiveRecord(store, 'colors', (record) => withLive(record, '1', 0));
    // Another process moved it: a server knows within two seconds.
    test.predictor.forget('colors');
    expect(await answerOf('colors')).toMatch(/by 1$/);
  });

  it.runIf(isThere)('is backed up, and serves where it is restored', async () => {
    const [backup, restored] = [
      path.join(folder, `backup of ${name}`),
      path.join(folder, `again ${name}`),
    ].map((root) => createFilesystemStore({ root })) as [ObjectStore, ObjectStore];
    await backUp({ from: store, to: backup, now: Date.now });
    await restore({ from: backup, to: restored });
    const app = createTestApp({ store: restored });
    expect((await app.send('GET', '/v1/models/colors')).body).toEqual(
      (await test.send('GET', '/v1/models/colors')).body,
    );
    expect((await app.send('GET', JOBS)).body).toEqual((await test.send('GET', JOBS)).body);
  });

  it.runIf(isThere)(
    'is left in a form that the version before reads, but for the models made since',
    async () => {
      // As a trainer leaves it that is told to go.
      const { id } = await test.jobs.create({
        ...(await jobOf('colors 1')),
        hyperparameters: (await jobOf('stopped')).hyperparameters,
      });
      const terminated = new AbortController();
      const watched: ObjectStore = {
        ...store,
        async put(key, body, options) {
          if (key.endsWith('.checkpoint')) terminated.abort();
          return store.put(key, body, options);
        },
      };
      expect(await runAttempt({ store: watched, jobs: test.jobs, terminated: terminated.signal }, id)).toBe(
        'released',
      );
      const { refused, newer, kinds } = await readAsBefore(store);
      expect(refused).toEqual({});
      expect(kinds).toEqual(Object.keys(oldReaders).sort());
      // Their pictures are decoded as no earlier version does.
      expect(newer.sort()).toEqual(
        ['colors/3', 'swept/1'].flatMap((version) =>
          ['manifest', 'report'].map((file) => `models/${version}/${file}.json`),
        ),
      );
    },
  );
});

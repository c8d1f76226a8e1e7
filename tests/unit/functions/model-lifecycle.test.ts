// Models over HTTP, as people live with them: promote, roll back, aliases, canaries, compare, rename, delete.

import { beforeEach, describe, expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { changeLiveRecord } from '../../../core/model/live-record.ts';
import { publishVersion, settlePromotion } from '../../../core/model/settle-promotion.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { colorManifest, colorOnnx, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { makeReportInput } from '../../support/report-input.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const COLOR = '/v1/models/color';
let test: TestApp;

/** Publishes a version as a job with `promote: auto` does that has no pictures to compare. */
async function publish(store: ObjectStore, version: string, labels = ['red', 'green', 'blue']) {
  const onnx = colorOnnx();
  const manifest = colorManifest(onnx, { version, jobId: `ftjob-${version}`, labels });
  await publishVersion(store, manifest, new Map([['model.onnx', onnx]]));
  return settlePromotion(store, manifest, { policy: 'auto', now: () => 0 });
}

/** The answer for a red picture. */
async function predict(model = 'color', headers: Record<string, string> = {}): Promise<AnyJson> {
  const body = await colorPicture('red');
  const response = await test.app.request(`/v1/models/${model}/predict`, { method: 'POST', body, headers });
  return response.json();
}

const keysOf = async (prefix: string) => {
  const found: string[] = [];
  for await (const { key } of test.store.list(prefix)) found.push(key);
  return found;
};

beforeEach(async () => {
  test = createTestApp();
  await publish(test.store, '1');
});

describe('the live version', () => {
  it('is not replaced by a version with other classes; one call promotes it, one goes back', async () => {
    await publish(test.store, '2', ['rot', 'green', 'blue']);
    expect(await predict()).toMatchObject({ label: 'red', model_version: '1' });
    expect((await test.send('GET', COLOR)).body).toMatchObject({ version: '1', versions: ['1', '2'] });
    expect(await predict('color:latest')).toMatchObject({ label: 'rot', model_version: '2' });

    const promoted = await test.send('POST', `${COLOR}/promote`, { version: '2' });
    expect(promoted).toMatchObject({
      status: 200,
      body: { object: 'model.live', version: '2', canary: null, history: [{ version: '1' }] },
    });
    expect(await predict()).toMatchObject({ label: 'rot', model_version: '2' });

    expect((await test.send('GET', `${COLOR}/aliases`)).body.can_roll_back).toBe(true);
    const back = await test.send('POST', `${COLOR}/rollback`);
    expect(back).toMatchObject({ status: 200, body: { version: '1', history: [] } });
    expect(await predict()).toMatchObject({ label: 'red', model_version: '1' });
    expect((await test.send('GET', `${COLOR}/aliases`)).body.can_roll_back).toBe(false);
    expect((await test.send('POST', `${COLOR}/rollback`)).body.error.code).toBe('rollback-unavailable');
  });

  it('is changed only where it is the one that a client expects', async () => {
    await publish(test.store, '2');
    const wrong = { version: '2', expected_version: '2' };
    const { status, body } = await test.send('POST', `${COLOR}/promote`, wrong);
    expect([status, body.error.code]).toEqual([409, 'alias-conflict']);
    expect(body.error.details).toMatchObject({ alias: 'live', version: '1' });
    const right = { version: '2', expected_version: '1' };
    expect((await test.send('POST', `${COLOR}/promote`, right)).status).toBe(200);
    expect((await test.send('POST', `${COLOR}/rollback?expected_version=1`)).status).toBe(409);
    expect((await test.send('POST', `${COLOR}/promote`, { version: '9' })).status).toBe(404);
  });

  it('shares predictions with a canary, always the same way for the same caller', async () => {
    await publish(test.store, '2');
    const canary = await test.send('POST', `${COLOR}/promote`, { version: '2', share: 0.5 });
    expect(canary.body).toMatchObject({ version: '1', canary: { version: '2', share: 0.5 } });
    const versions: string[] = [];
    for (let user = 0; user < 16; user += 1) {
      const headers = { 'fovea-sticky': `user-${user}` };
      const { model_version: version } = await predict('color', headers);
      versions.push(version);
      expect((await predict('color', headers)).model_version).toBe(version);
    }
    expect(new Set(versions)).toEqual(new Set(['1', '2']));
    expect((await predict('color:canary')).model_version).toBe('2');
    expect((await test.send('POST', `${COLOR}/rollback`)).body).toMatchObject({ version: '1', canary: null });
    await test.send('POST', `${COLOR}/promote`, { version: '2', share: 0.5 });
    expect((await test.send('DELETE', `${COLOR}/aliases/canary`)).body.canary).toBeNull();
    for (const [method, path, body] of [
      ['POST', 'promote?expected_version=9', { version: '2' }],
      ['PUT', 'aliases/mine?expected_version=9', { version: '2' }],
      ['POST', 'rollback', { expected_version: '9' }],
      ['DELETE', 'aliases/mine', { expected_version: '9' }],
    ] as const)
      expect(await test.send(method, `${COLOR}/${path}`, body)).toMatchObject({
        status: 400,
        body: { error: { code: 'request-invalid' } },
      });
    expect((await test.send('POST', `${COLOR}/promote`, { version: '1', share: 0.5 })).status).toBe(409);
  });
});

describe('aliases of one’s own', () => {
  it('are set, listed, used and removed', async () => {
    await publish(test.store, '2');
    const stable = `${COLOR}/aliases/stable`;
    expect((await test.send('PUT', stable, { version: 'latest', expected_version: null })).body).toEqual({
      object: 'model.alias',
      model: 'color',
      alias: 'stable',
      version: '2',
      share: null,
    });
    expect((await test.send('PUT', stable, { version: '1', expected_version: null })).status).toBe(409);
    expect(await predict('color:stable')).toMatchObject({ model_version: '2' });
    const { body } = await test.send('GET', `${COLOR}/aliases`);
    expect(body.data.map(({ alias, version }: AnyJson) => [alias, version])).toEqual([
      ['latest', '2'],
      ['live', '1'],
      ['stable', '2'],
    ]);
    expect((await test.send('DELETE', stable)).status).toBe(200);
    expect((await test.send('DELETE', stable)).body.error.code).toBe('alias-not-found');
    for (const alias of ['latest', 'canary'])
      expect((await test.send('PUT', `${COLOR}/aliases/${alias}`, { version: '1' })).body.error.code).toBe(
        'alias-reserved',
      );
  });
});

describe('versions', () => {
  it('are listed newest first, with their aliases, page by page', async () => {
    await publish(test.store, '2');
    await test.store.put(keys.modelFile('color', '3', 'manifest.json'), '{');
    const { body } = await test.send('GET', `${COLOR}/versions?limit=2`);
    expect(body.has_more).toBe(true);
    expect(body.data).toMatchObject([
      { id: 'color:3', object: 'model.version', problem: { code: 'model-corrupt' }, aliases: [] },
      { id: 'color:2', version: '2', aliases: ['latest'], job: 'ftjob-2' },
    ]);
    const next = await test.send('GET', `${COLOR}/versions?limit=2&after=2`);
    expect(next.body).toMatchObject({ has_more: false, data: [{ id: 'color:1', aliases: ['live'] }] });
  });

  it('are compared by what their reports say', async () => {
    const options = { classes: ['a', 'b'], test: 200, validation: 40 };
    for (const [version, skill] of [
      ['2', 3],
      ['3', 1],
    ] as const) {
      const report = assembleReport(makeReportInput({ ...options, skill }));
      await test.store.put(keys.modelFile('color', version, 'report.json'), JSON.stringify(report));
      await commitColorModel(test.store, {
        version,
        jobId: 'ftjob-x',
        labels: ['a', 'b', 'c'],
        report: { file: 'report.json', page: 'report.html' },
      });
    }
    const { body } = await test.send('GET', `${COLOR}/compare?versions=2,3`);
    expect(body).toMatchObject({ same_classes: true, same_pictures: true });
    const [better, worse] = body.data;
    expect(better.accuracy.value).toBeGreaterThan(worse.accuracy.value);
    expect(better).toMatchObject({ version: '2', pictures: 200, judged_on: 'test', cost_usd: null });
    // More mistakes than the page of a report shows.
    expect(body.differing.length).toBeGreaterThan(24);
    const { body: without } = await test.send('GET', `${COLOR}/compare?versions=live,2`);
    expect(without).toMatchObject({ same_classes: false, same_pictures: false, differing: null });
    expect(without.data[0]).toMatchObject({ version: '1', accuracy: null, aliases: ['live'] });
    expect((await test.send('GET', `${COLOR}/compare?versions=2`)).status).toBe(400);
  });

  it('are deleted for good, except where something stands for them', async () => {
    await publish(test.store, '2');
    await test.send('PUT', `${COLOR}/aliases/stable`, { version: '2' });
    const live = await test.send('DELETE', `${COLOR}/versions/1`);
    expect([live.status, live.body.error.code]).toEqual([409, 'model-version-in-use']);
    expect(live.body.error.details.aliases).toEqual(['live']);
    expect((await test.send('DELETE', `${COLOR}/versions/2`)).body.error.details.aliases).toEqual(['stable']);
    await test.send('DELETE', `${COLOR}/aliases/stable`);
    expect(await predict('color:2')).toMatchObject({ label: 'red' });
    expect((await test.send('DELETE', '/v1/models/color:2')).body).toEqual({
      id: 'color:2',
      object: 'model',
      deleted: true,
    });
    expect(await predict('color:2')).toMatchObject({ error: { code: 'model-version-not-found' } });
    expect(await keysOf('models/color/2/')).toEqual([]);
    expect((await test.send('GET', `${COLOR}?version=latest`)).body.version).toBe('1');
  });
});

describe('a model', () => {
  it('is renamed, with its aliases', async () => {
    await publish(test.store, '2');
    await test.send('PUT', `${COLOR}/aliases/stable`, { version: '2' });
    await commitColorModel(test.store, { model: 'taken' });
    const taken = await test.send('POST', `${COLOR}/rename`, { name: 'taken' });
    expect([taken.status, taken.body.error.code]).toEqual([409, 'model-exists']);
    const renamed = await test.send('POST', `${COLOR}/rename`, { name: 'paint' });
    expect(renamed).toMatchObject({ status: 200, body: { id: 'paint', version: '1', versions: ['1', '2'] } });
    expect(await predict('paint')).toMatchObject({ label: 'red', model: 'paint', model_version: '1' });
    expect(await predict('paint:stable')).toMatchObject({ model_version: '2' });
    expect(await predict('color')).toMatchObject({ error: { code: 'model-not-found' } });
    expect(await keysOf('models/color/')).toEqual([]);
  });

  it('is renamed by the same request where that was interrupted', async () => {
    await publish(test.store, '2');
    const { store } = test;
    let puts = 0;
    const failing: ObjectStore = {
      ...store,
      put: (...given) => {
        const isOfModel = given[0].startsWith(keys.models());
        if (isOfModel) puts += 1;
        if (isOfModel && puts === 5) throw new Error('The machine went away.');
        return store.put(...given);
      },
    };
    await createTestApp({ store: failing }).send('POST', `${COLOR}/rename`, { name: 'paint' });
    expect(puts).toBe(5);
    expect(await predict()).toMatchObject({ model_version: '1' });
    expect(await predict('paint')).toMatchObject({ error: { code: 'model-not-found' } });
    const other = await test.send('POST', `${COLOR}/rename`, { name: 'hue' });
    expect(other.body.error).toMatchObject({
      code: 'model-in-use',
      message: expect.stringContaining('"paint"'),
    });
    expect((await test.send('POST', `${COLOR}/rename`, { name: 'paint' })).status).toBe(200);
    expect(await predict('paint')).toMatchObject({ model_version: '1' });
    expect(await keysOf('models/color/')).toEqual([]);
  });

  it('begins nothing while it is renamed: jobs, batches and imports are refused by both names', async () => {
    await changeLiveRecord(test.store, 'color', (record) => ({ ...record, renamingTo: 'paint' }));
    await changeLiveRecord(test.store, 'paint', (record) => ({ ...record, renamingFrom: 'color' }));
    await test.store.put('datasets/fruit/a/1.png', await colorPicture('red'));
    const refused = { status: 409, body: { error: { code: 'model-in-use' } } };
    const job = { model: 'small_cnn', training_file: 'fruit' };
    for (const suffix of ['color', 'paint'])
      expect(await test.send('POST', '/v1/fine_tuning/jobs', { ...job, suffix })).toMatchObject(refused);
    const batch = { model: 'color', input_prefix: 'datasets/fruit/' };
    expect(await test.send('POST', '/v1/batches', batch)).toMatchObject(refused);
    const imported = { architecture: 'small_cnn', labels: ['a', 'b'], name: 'color' };
    expect(await test.send('POST', '/v1/models', imported)).toMatchObject(refused);
    expect(test.submitted).toEqual([]);
    expect(await keysOf('jobs/')).toEqual([]);
  });

  it('of a job and a rename at the same moment, one gives way', async () => {
    await test.store.put('datasets/fruit/a/1.png', await colorPicture('red'));
    const { store, jobs } = test;
    const announced: ObjectStore = {
      ...store,
      async put(key, ...rest) {
        if (key.endsWith('/job.json'))
          await changeLiveRecord(store, 'color', (record) => ({ ...record, renamingTo: 'paint' }));
        return store.put(key, ...rest);
      },
    };
    const late = createTestApp({ store: announced });
    const job = { model: 'small_cnn', training_file: 'fruit', suffix: 'color' };
    expect((await late.send('POST', '/v1/fine_tuning/jobs', job)).body.error.code).toBe('model-in-use');
    expect((await jobs.list({ limit: 9 })).jobs.map(({ status }) => status)).toEqual(['cancelled']);

    await changeLiveRecord(store, 'color', ({ renamingTo: _, ...record }) => record);
    const met: ObjectStore = {
      ...store,
      async put(key, ...rest) {
        if (key.includes('paint')) await jobs.create(newJob({ model: 'color' }));
        return store.put(key, ...rest);
      },
    };
    const renamed = await createTestApp({ store: met }).send('POST', `${COLOR}/rename`, { name: 'paint' });
    expect([renamed.status, renamed.body.error.code]).toEqual([409, 'model-in-use']);
    expect(await keysOf('models/paint/')).toEqual([]);
    expect((await test.send('POST', `${COLOR}/promote`, { version: '1' })).status).toBe(200);
  });

  it('is deleted without a trace, once no job makes a version of it', async () => {
    const { id } = await test.jobs.create(newJob({ model: 'color' }));
    const refused = await test.send('DELETE', COLOR);
    expect(refused.body.error).toMatchObject({ code: 'model-in-use', details: { jobs: [id] } });
    expect((await test.send('POST', `${COLOR}/rename`, { name: 'paint' })).status).toBe(409);
    await test.jobs.requestCancel(id);
    expect(await predict()).toMatchObject({ model_version: '1' });
    expect((await test.send('DELETE', COLOR)).body).toEqual({ id: 'color', object: 'model', deleted: true });
    expect(await predict()).toMatchObject({ error: { code: 'model-not-found' } });
    expect(await keysOf('models/')).toEqual([]);
    expect((await test.send('DELETE', COLOR)).status).toBe(404);
  });

  it('is deleted by the name of its only version, as long as nothing else names that', async () => {
    await test.send('PUT', `${COLOR}/aliases/stable`, { version: '1' });
    const refused = await test.send('DELETE', `${COLOR}:1`);
    expect(refused.body.error).toMatchObject({
      code: 'model-version-in-use',
      details: { aliases: ['live', 'stable'] },
    });
    await test.send('DELETE', `${COLOR}/aliases/stable`);
    await publish(test.store, '2');
    expect((await test.send('DELETE', `${COLOR}:1`)).status).toBe(409);
    await test.send('DELETE', `${COLOR}:2`);
    expect((await test.send('DELETE', `${COLOR}:1`)).body).toEqual({
      id: 'color:1',
      object: 'model',
      deleted: true,
    });
    expect(await keysOf('models/')).toEqual([]);
  });
});

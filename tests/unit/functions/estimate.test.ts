import { beforeAll, describe, expect, it } from 'vitest';
import type { BackendFinder } from '../../../functions/deps/find-backends.ts';
import { makePictures, storeOf } from '../../support/make-dataset.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const JOBS = '/v1/fine_tuning/jobs';
const BODY = { model: 'small_cnn', training_file: 'pets' };

describe('the estimate of a job', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = createTestApp({ store: await storeOf(await makePictures({ cat: 20, dog: 20 })) });
  });

  it('comes with the job: time, price and what they are based on', async () => {
    const { body } = await test.send('POST', JOBS, BODY);
    expect(body.estimate).toMatchObject({
      machine: 'g4dn.xlarge',
      gpu: 'T4',
      usd_per_hour: 0.5,
      pictures: { train: 30, validation: 6, test: 4 },
      parts: [{ name: 'start' }, { name: 'scratch', epochs: 30 }, { name: 'report' }],
    });
    expect(body.estimate.usd).toBeCloseTo((body.estimate.seconds / 3600) * 0.5);
    expect(body.estimate.basis).toContain('A price for tests.');
  });

  it('comes with a dry run, for the pictures that can be read', async () => {
    const { body } = await test.send('POST', JOBS, { ...BODY, dry_run: true });
    expect(body.object).toBe('fine_tuning.dry_run');
    expect(body.estimate.pictures).toEqual(body.split);
  });

  it('is not made into a job where the dry run is asked for in the query', async () => {
    const jobs = async () => (await test.send('GET', JOBS)).body.data.length;
    const before = await jobs();
    const { status, body } = await test.send('POST', `${JOBS}?dry_run=true`, BODY);
    expect([status, body.error.code, await jobs()]).toEqual([400, 'request-invalid', before]);
    expect(body.error.message).toMatch(/^The query .*: fields belong in the body/);
  });

  it('says in a dry run how large the model will be, by its classes', async () => {
    const bytesOf = async (model: string, app = test): Promise<number> =>
      (await app.send('POST', JOBS, { ...BODY, model, dry_run: true })).body.about_model_bytes;
    // Keras: MobileNetV2 with alpha 0.35 has 410,208 parameters up to its 1280 features.
    expect(await bytesOf('mobilenet_v2_0.35')).toBe(4 * (410_208 + (1280 + 1) * 2));
    const three = createTestApp({ store: await storeOf(await makePictures({ a: 9, b: 9, c: 9 })) });
    expect((await bytesOf('mobilenet_v2_0.35', three)) - (await bytesOf('mobilenet_v2_0.35'))).toBe(4 * 1281);
    const one = createTestApp({ store: await storeOf(await makePictures({ cat: 3 })) });
    expect(await bytesOf('small_cnn', one)).toBeNull();
  });

  it('counts the folders of a dataset with its own split', async () => {
    const files = await makePictures({ 'train/cat': 5, 'train/dog': 5, 'val/cat': 2, 'test/dog': 1 });
    const { send } = createTestApp({ store: await storeOf({ ...files, 'train/cat/.DS_Store': 'x' }) });
    const { body } = await send('POST', JOBS, BODY);
    expect(body.estimate.pictures).toEqual({ train: 10, validation: 2, test: 1 });
  });

  it('is null where there is too little to train on', async () => {
    const { send } = createTestApp({ store: await storeOf(await makePictures({ cat: 3 })) });
    expect((await send('POST', JOBS, BODY)).body).toMatchObject({
      object: 'fine_tuning.job',
      estimate: null,
    });
  });

  it('stands beside the budget of the job', async () => {
    const { body } = await test.send('POST', JOBS, { ...BODY, max_cost_usd: 0.25 });
    expect(body).toMatchObject({ max_cost_usd: 0.25, cost: { seconds: 0, usd: 0 } });
    expect(await test.send('POST', JOBS, { ...BODY, max_cost_usd: 0 })).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid', param: 'max_cost_usd' } },
    });
  });
});

describe('the back end of a job', () => {
  const found = {
    backends: { best: 'portable', missing: { gpu: 'There is no GPU here. Install a driver.' } },
    gpu: undefined,
  } as const;
  const appWith = async (backends: BackendFinder) =>
    createTestApp({ store: await storeOf(await makePictures({ cat: 20, dog: 20 })), backends });

  it('decides its estimate; dry runs and jobs with a missing back end are refused', async () => {
    const { send } = await appWith({ known: () => found, find: async () => found });
    const dryRun = (backend: string) => send('POST', JOBS, { ...BODY, backend, dry_run: true });
    expect(await dryRun('gpu')).toMatchObject({
      status: 409,
      body: { error: { code: 'backend-unavailable', param: 'backend', message: found.backends.missing.gpu } },
    });
    expect(await send('POST', JOBS, { ...BODY, backend: 'gpu' })).toMatchObject({
      status: 409,
      body: { error: { code: 'backend-unavailable', param: 'backend', message: found.backends.missing.gpu } },
    });
    expect((await send('GET', JOBS)).body.data).toEqual([]);
    const { body } = await dryRun('auto');
    expect(body.estimate.gpu).toBeNull();
    expect(body.estimate.basis[0]).toContain('portable back end');
    expect((await send('POST', JOBS, BODY)).body.estimate.seconds).toBeCloseTo(body.estimate.seconds);
    expect((await dryRun('native')).body.estimate.seconds).toBeLessThan(body.estimate.seconds);
  });

  it('is not waited for where a job is created', async () => {
    const { send } = await appWith({ known: () => undefined, find: () => new Promise(() => undefined) });
    for (const backend of ['auto', 'gpu'])
      expect(await send('POST', JOBS, { ...BODY, backend })).toMatchObject({
        status: 200,
        body: { estimate: { gpu: 'T4' } },
      });
  });
});

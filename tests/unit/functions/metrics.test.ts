import { beforeAll, describe, expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { createLaneScheduler } from '../../../core/lanes/lane-scheduler.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { USAGE_COUNTS } from '../../../core/usage/usage-counter.ts';
import { createBoundedVersions, OTHER } from '../../../functions/metrics/bounded-versions.ts';
import { createServerMetrics } from '../../../functions/metrics/server-metrics.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { makeReportInput } from '../../support/report-input.ts';
import { createTestApp, type TestApp, type TestAppOptions } from '../../support/test-app.ts';

const KEY = 'the-key-of-the-operator';
const NOW_MS = Date.UTC(2026, 0, 12, 3);

function measuredApp(options: Pick<TestAppOptions, 'metricsScope' | 'apiKeys' | 'store'> = {}): TestApp {
  const { store = createMemoryStore() } = options;
  const lanes = createLaneScheduler({ lanes: 2 });
  const predictor = createPredictor({ store, threads: 1 });
  const metrics = createServerMetrics({
    store,
    jobs: createJobStore({ store, now: () => NOW_MS }),
    lanes,
    cache: () => predictor.cache,
    version: '0.0.0-test',
    now: () => NOW_MS,
    clock: () => 0,
    isFirst: true,
    onError: (error) => expect.unreachable(String(error)),
  });
  return createTestApp({ ...options, store, lanes, predictor, metrics });
}

/** The lines of metrics whose names begin so. */
async function scrape(test: TestApp, prefix = 'fovea_'): Promise<string[]> {
  const response = await test.app.request('/metrics');
  expect(response.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
  const text = await response.text();
  expect(text.endsWith('# EOF\n')).toBe(true);
  return text.split('\n').filter((line) => line.startsWith(prefix));
}

describe('GET /metrics', () => {
  let test: TestApp;
  let lines: string[];
  beforeAll(async () => {
    test = measuredApp();
    await commitColorModel(test.store);
    const job = await test.jobs.create(newJob());
    await test.jobs.requestCancel(job.id);
    await test.jobs.create(newJob());
    const predict = async (model: string, body: Uint8Array<ArrayBuffer>) =>
      (await test.app.request(`/v1/models/${model}/predict`, { method: 'POST', body })).status;
    expect(await predict('color', await colorPicture('red'))).toBe(200);
    expect(await predict('color:1', await colorPicture('blue'))).toBe(200);
    expect(await predict('nobody-has-it', await colorPicture('red'))).toBe(404);
    expect(await predict('color', new TextEncoder().encode('no picture'))).toBe(415);
    lines = await scrape(test);
  });

  it('has how long predictions took, by model and version', () => {
    expect(lines).toContain('fovea_prediction_duration_seconds_count{model="color",version="1"} 3');
    expect(lines).toContain(
      'fovea_prediction_duration_seconds_bucket{le="+Inf",model="color",version="1"} 3',
    );
    for (const le of ['0.001', '10'])
      expect(lines.join('\n')).toContain(`fovea_prediction_duration_seconds_bucket{le="${le}"`);
  });

  it('has what became of pictures, and answers by operation and status', () => {
    expect(lines).toContain('fovea_predicted_pictures_total{model="color",version="1",outcome="accepted"} 2');
    expect(lines).toContain(
      'fovea_predicted_pictures_total{model="color",version="1",outcome="unreadable"} 1',
    );
    expect(lines).toContain('fovea_requests_total{operation="predict",status="200"} 2');
    expect(lines).toContain('fovea_requests_total{operation="predict",status="404"} 1');
  });

  it('never names a model that nobody has', () => {
    expect(lines.join('\n')).not.toContain('nobody');
  });

  it('has the lanes, what is loaded, and the jobs', () => {
    for (const line of [
      'fovea_lanes 2',
      'fovea_lane_running 0',
      'fovea_lane_refused_total 0',
      'fovea_loaded_models 1',
      'fovea_model_loads_total 1',
      'fovea_model_hits_total 2',
      'fovea_jobs{kind="fine_tuning",status="cancelled"} 1',
      'fovea_jobs{kind="fine_tuning",status="validating_files"} 1',
      'fovea_jobs{kind="batch",status="running"} 0',
      'fovea_job_queue_depth{kind="fine_tuning"} 1',
    ])
      expect(lines).toContain(line);
  });

  it('has the process', async () => {
    expect(await scrape(test, 'process_resident_memory_bytes')).toHaveLength(1);
  });

  it('has protocols and unknown paths by their templates', async () => {
    for (const path of ['/v2/models/color/versions/1/ready', '/somewhere/else/1', '/v1/models/color:1'])
      await test.app.request(path);
    const found = await scrape(test, 'fovea_requests_total');
    expect(found).toContain(
      'fovea_requests_total{operation="/v2/models/{model}/versions/{version}/ready",status="200"} 1',
    );
    expect(found).toContain('fovea_requests_total{operation="none",status="404"} 1');
    expect(found).toContain('fovea_requests_total{operation="getModel",status="200"} 1');
  });
});

it('compares served scores with those of the report, and says since when they differ', async () => {
  const test = measuredApp();
  const report = assembleReport(makeReportInput({ classes: ['a', 'b'], test: 400, validation: 20 }));
  await test.store.put(keys.modelFile('pets', '1', 'report.json'), JSON.stringify(report));
  const judged = (report.results?.calibration.after.bins ?? []).map(({ count }) => count);
  const write = (day: string, bins: readonly number[]) =>
    test.store.put(
      keys.usageCounts(day, 'process'),
      JSON.stringify({
        formatVersion: USAGE_COUNTS.version,
        counts: [],
        scores: [
          { model: 'pets', version: '1', bins, total: 40, rejected: 10 },
          // It has no report.
          { model: 'none', version: '1', bins, total: 40, rejected: 10 },
        ],
      }),
    );
  const unsure = judged.map((_, bin) => (bin === 7 ? 100 : 0));
  await write('2026-01-06', judged);
  await write('2026-01-08', unsure);
  await write(
    '2026-01-09',
    unsure.map(() => 0),
  );
  await write('2026-01-10', unsure);
  const lines = await scrape(test);
  const read = (name: string) =>
    Number(
      lines
        .find((line) => line.startsWith(`${name}{model="pets",version="1"`))
        ?.split(' ')
        .at(-1),
    );
  expect(read('fovea_score_drift_index')).toBeGreaterThan(0.25);
  expect(read('fovea_score_drift_by_chance')).toBeLessThan(0.1);
  expect(read('fovea_score_drift_pictures')).toBe(600);
  expect(read('fovea_score_drift_since_timestamp_seconds')).toBe(Date.parse('2026-01-08') / 1000);
  expect(lines).toContain('fovea_score_mean{model="pets",version="1",of="served"} 0.26666666666666666');
  expect(lines.join('\n')).not.toContain('none');
});

describe('whose keys may read them', () => {
  const apiKeys = async () => ({ operator: KEY });
  const ask = async (test: TestApp, headers = {}) => {
    const { status } = await test.app.request('/metrics', { headers });
    return status;
  };
  const withScope = async (test: TestApp, scope: string, limits = {}) => {
    const { body } = await test.send(
      'POST',
      '/v1/keys',
      { name: `of-${scope}`, scopes: [scope], ...limits },
      { authorization: `Bearer ${KEY}` },
    );
    return { authorization: `Bearer ${body.secret}` };
  };

  it('those of scope admin, where the operator says nothing', async () => {
    const test = measuredApp({ apiKeys });
    expect(await ask(test)).toBe(401);
    expect(await ask(test, await withScope(test, 'train'))).toBe(403);
    expect(await ask(test, { authorization: `Bearer ${KEY}` })).toBe(200);
  });

  it('those of the scope that the operator sets, or everybody', async () => {
    const test = measuredApp({ apiKeys, metricsScope: 'predict' });
    expect(await ask(test)).toBe(401);
    expect(await ask(test, await withScope(test, 'predict'))).toBe(200);
    // It would see the names of other models.
    expect(await ask(test, await withScope(test, 'train', { models: ['color'] }))).toBe(403);
    expect(await ask(measuredApp({ apiKeys, metricsScope: 'none' }))).toBe(200);
  });
});

it('a function says where its metrics are', async () => {
  const { status, body } = await createTestApp().send('GET', '/metrics');
  expect(status).toBe(404);
  expect(body.error).toMatchObject({
    code: 'metrics-elsewhere',
    message: expect.stringContaining('CloudWatch'),
  });
});

it('at most so many versions have series of their own, and one that is idle makes room', () => {
  const removed: unknown[] = [];
  let nowMs = 0;
  const labelsOf = createBoundedVersions({
    most: 2,
    idleMs: 100,
    clock: () => nowMs,
    onRemoved: (labels) => removed.push(labels),
  });
  const a = labelsOf('a', '1');
  nowMs = 50;
  labelsOf('b', '1');
  expect([labelsOf('c', '1'), labelsOf('a', '1')]).toEqual([OTHER, a]);
  expect(removed).toEqual([]);
  nowMs = 150;
  expect(labelsOf('c', '1')).toEqual({ model: 'c', version: '1' });
  expect(removed).toEqual([{ model: 'b', version: '1' }]);
});

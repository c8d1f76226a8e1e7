import { beforeAll, describe, expect, it } from 'vitest';
import { toWireReport } from '../../../api/report.ts';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { keys } from '../../../core/storage/keys.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { makeReportInput } from '../../support/report-input.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const STORED = assembleReport(makeReportInput({ classes: ['a', 'b'], test: 20, validation: 20 }));
const REPORT = toWireReport(STORED);
let test: TestApp;
beforeAll(async () => {
  test = createTestApp();
  await commitColorModel(test.store);
  await test.store.put(keys.modelFile('color', '2', 'report.json'), JSON.stringify(STORED));
  await test.store.put(keys.modelFile('color', '2', 'report.html'), '<!doctype html><p>2</p>');
  await commitColorModel(test.store, {
    version: '2',
    jobId: 'ftjob-2',
    report: { file: 'report.json', page: 'report.html' },
  });
});

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const get = (path: string, accept?: string) =>
  test.app.request(`/v1/models/${path}`, accept === undefined ? {} : { headers: { accept } });

describe('GET /v1/models/{model}/report', () => {
  it('is JSON for programs and a page for browsers', async () => {
    for (const accept of [undefined, '*/*', 'application/json', 'application/json, text/html']) {
      const response = await get('color:2/report', accept);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.json()).toEqual(REPORT);
      expect(REPORT.results?.macro_f1).toEqual(STORED.results?.macroF1);
    }
    const page = await get('color:2/report', BROWSER);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(await page.text()).toContain('<p>2</p>');
  });

  it('names the record that is damaged', async () => {
    const key = keys.modelFile('color', '3', 'report.json');
    await test.store.put(key, '{}');
    await commitColorModel(test.store, {
      version: '3',
      jobId: 'ftjob-3',
      report: { file: 'report.json', page: 'report.html' },
    });
    const response = await get('color:3/report');
    expect([response.status, await response.json()]).toMatchObject([
      500,
      { error: { code: 'record-invalid', message: expect.stringContaining(key) } },
    ]);
  });

  it('has the form that "format" names, whatever the Accept header says', async () => {
    expect((await get('color:2/report?format=html')).headers.get('content-type')).toMatch('text/html');
    expect((await get('color:2/report?format=json', BROWSER)).headers.get('content-type')).toMatch('json');
    expect((await get('color:2/report?format=pdf')).status).toBe(400);
  });

  it('rejects a version without a report, and an unknown model', async () => {
    const response = await get('color:1/report');
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { error: { code: 'report-not-found' } },
    ]);
    expect((await get('colour/report')).status).toBe(404);
  });

  it('is named by the model', async () => {
    const report = async (path: string) =>
      ((await (await get(path)).json()) as { report: string | null }).report;
    expect(await report('color:2')).toBe('/v1/models/color%3A2/report');
    expect((await test.app.request((await report('color:2')) ?? '')).status).toBe(200);
    expect(await report('color:1')).toBeNull();
  });
});

describe('a key that may not see the dataset of a model', () => {
  const OPERATOR = 'the-key-of-the-operator';
  const SHOWN = [
    'color:2/report?format=json',
    'color:2/report?format=html',
    'color:2/files/report.json',
    'color:2/files/report.html',
    'color:2/files/parity.json',
    'color/compare?versions=1,2',
  ];

  it('gets nothing that shows or names its pictures, and all else of the model', async () => {
    await test.store.put(keys.modelFile('color', '2', 'parity.json'), '{}');
    const guarded = createTestApp({ store: test.store, apiKeys: async () => ({ operator: OPERATOR }) });
    const as = async (name: string, datasets?: string[]) => {
      const key = { name, scopes: ['train'], datasets };
      const operator = { authorization: `Bearer ${OPERATOR}` };
      const { secret } = (await guarded.send('POST', '/v1/keys', key, operator)).body;
      return (path: string) =>
        guarded.app.request(`/v1/models/${path}`, { headers: { authorization: `Bearer ${secret}` } });
    };
    const elsewhere = await as('elsewhere', ['other']);
    for (const path of SHOWN) {
      const answer = await elsewhere(path);
      const { error } = (await answer.json()) as AnyJson;
      expect([path, answer.status, error?.code]).toEqual([path, 403, 'key-limited']);
      expect(error.message).toContain('the dataset "colors"');
    }
    for (const path of ['color:2', 'color:2/files/model.onnx', 'color:2/files/manifest.json'])
      expect([path, (await elsewhere(path)).status]).toEqual([path, 200]);
    for (const see of [await as('here', ['color*']), await as('anywhere')])
      for (const path of SHOWN) expect([path, (await see(path)).status]).not.toEqual([path, 403]);
  });
});

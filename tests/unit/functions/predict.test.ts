import { beforeAll, describe, expect, it } from 'vitest';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const PREDICT = '/v1/models/color/predict';
const form = (...files: [name: string, bytes: Uint8Array<ArrayBuffer>][]) => {
  const data = new FormData();
  for (const [name, bytes] of files) data.append('image', new File([bytes], name));
  return data;
};

describe('POST /v1/models/{model}/predict', () => {
  let test: TestApp;
  let red: Uint8Array<ArrayBuffer>;
  let blue: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    test = createTestApp({ limits: { predictBodyBytes: 100_000, imagesPerRequest: 3 } });
    await commitColorModel(test.store);
    red = await colorPicture('red');
    blue = await colorPicture('blue', 'jpeg');
  });

  const post = async (
    path: string,
    body: NonNullable<RequestInit['body']>,
    headers: Record<string, string> = {},
  ) => {
    return readAnswer(await test.app.request(path, { method: 'POST', body, headers }));
  };

  it.each([
    'image/png',
    'image/x-anything',
    'IMAGE/JPEG; q=1',
    'application/octet-stream',
    'binary/octet-stream',
    'application/x-image',
    'application/x-www-form-urlencoded',
  ])('takes raw bytes called %s', async (contentType) => {
    const { status, body } = await post(PREDICT, red, { 'content-type': contentType });
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: 'prediction', model: 'color', model_version: '1', label: 'red' });
  });

  it("answers in the API's own form", async () => {
    const { body } = await post(PREDICT, blue, { 'x-request-id': 'abc' });
    expect(body).toEqual({
      object: 'prediction',
      id: 'pred-abc',
      model: 'color',
      model_version: '1',
      label: 'blue',
      score: expect.closeTo(0.998, 2),
      rejected: false,
      threshold: null,
      predictions: [
        { label: 'blue', score: body.score, index: 2 },
        { label: expect.stringMatching(/red|green/), score: expect.any(Number), index: expect.any(Number) },
        { label: expect.stringMatching(/red|green/), score: expect.any(Number), index: expect.any(Number) },
      ],
      timing_ms: {
        cold: expect.any(Boolean),
        load: expect.any(Number),
        decode: expect.any(Number),
        preprocess: expect.any(Number),
        infer: expect.any(Number),
        total: expect.any(Number),
      },
    });
    const sum = body.predictions.reduce((total: number, entry: { score: number }) => total + entry.score, 0);
    expect(sum).toBeCloseTo(1, 5);
  });

  it('gives as many labels as top_k asks for', async () => {
    expect((await post(`${PREDICT}?top_k=1`, red)).body.predictions).toHaveLength(1);
    expect((await post(`${PREDICT}?top_k=1000`, red)).body.predictions).toHaveLength(3);
  });

  it('takes a form with one file as one picture', async () => {
    expect(await post(PREDICT, form(['a.png', red]))).toMatchObject({ status: 200, body: { label: 'red' } });
  });

  it('takes a form with many files as a list, in their order', async () => {
    const { status, body } = await post(PREDICT, form(['a.png', red], ['b.jpg', blue]));
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: 'list', model: 'color', model_version: '1' });
    expect(body.data).toMatchObject([
      { object: 'prediction', index: 0, file: 'a.png', label: 'red' },
      { object: 'prediction', index: 1, file: 'b.jpg', label: 'blue' },
    ]);
  });

  it('takes base64 and data URLs in JSON', async () => {
    const base64 = Buffer.from(red).toString('base64');
    const wrapped = base64.replaceAll(/(.{20})/g, '$1\r\n');
    const spaced = [...base64].join(' ');
    for (const image of [
      base64,
      wrapped,
      spaced,
      base64.replaceAll('=', ''),
      `data:image/png;base64,${base64}`,
    ]) {
      expect((await test.send('POST', PREDICT, { image })).body).toMatchObject({ label: 'red' });
    }
    const list = await test.send('POST', PREDICT, { images: [base64] });
    expect(list.body).toMatchObject({ object: 'list', data: [{ label: 'red', file: null }] });
  });

  it.each([
    undefined,
    'application/json',
    'text/json',
    'application/vnd.api+json',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
  ])('takes JSON called %s', async (contentType) => {
    const json = new TextEncoder().encode(` \r\n{"image":"${Buffer.from(red).toString('base64')}"}`);
    const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType };
    expect(await post(PREDICT, json, headers)).toMatchObject({ status: 200, body: { label: 'red' } });
  });

  it.each([
    'data:image/png;base64,',
    'DATA:image/png;BASE64,',
    ' Data:;Base64,',
    'data:image/png;name=a.png;base64,',
  ])('takes base64 after %j', async (prefix) => {
    const image = prefix + Buffer.from(red).toString('base64');
    expect((await test.send('POST', PREDICT, { image })).body).toMatchObject({ label: 'red' });
  });

  it('gives every base64 text of a list an outcome of its own', async () => {
    const roomy = createTestApp({ store: test.store, limits: { uploadBytes: 1000 } });
    const good = Buffer.from(red).toString('base64');
    const images = ['', 'a*b', good, 'aaaa', 'abcde', 'data:image/png,x', 'a'.repeat(1501), ` \n${good}`];
    const { status, body } = await roomy.send('POST', `${PREDICT}?heatmap_format=json`, { images });
    expect(status).toBe(200);
    expect(
      body.data.map((entry: { label?: string; error?: { code: string; param: string | null } }) =>
        entry.error === undefined ? entry.label : [entry.error.code, entry.error.param],
      ),
    ).toEqual([
      ['base64-invalid', 'images.0'],
      ['base64-invalid', 'images.1'],
      'red',
      ['image-unsupported', null],
      ['base64-invalid', 'images.4'],
      ['base64-invalid', 'images.5'],
      ['image-too-large', null],
      'red',
    ]);
    expect(body.data.map((entry: { index: number }) => entry.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((await test.send('POST', PREDICT, { images: ['', '!'] })).body.data).toMatchObject([
      { error: { code: 'base64-invalid' } },
      { error: { code: 'base64-invalid' } },
    ]);
  });

  it('gives one bad picture among many an error of its own', async () => {
    const { status, body } = await post(
      PREDICT,
      form(['bad.jpg', new Uint8Array([1, 2, 3])], ['ok.png', red]),
    );
    expect(status).toBe(200);
    expect(body.data).toMatchObject([
      {
        object: 'error',
        index: 0,
        file: 'bad.jpg',
        error: { code: 'image-unsupported', type: 'invalid_request_error' },
      },
      { object: 'prediction', index: 1, label: 'red' },
    ]);
  });

  it('rejects a single bad picture with its own status', async () => {
    expect(await post(PREDICT, 'no picture at all')).toMatchObject({
      status: 415,
      body: { error: { code: 'content-type-unsupported' } },
    });
    expect(await post(PREDICT, Buffer.from('no picture at all'))).toMatchObject({
      status: 415,
      body: { error: { code: 'image-unsupported' } },
    });
    expect(await post(PREDICT, red.slice(0, 60))).toMatchObject({
      status: 422,
      body: { error: { code: 'image-corrupt' } },
    });
  });

  it.each([
    ['a missing body', new Uint8Array(), {}, 400, 'body-missing'],
    ['an unknown content type', 'x', { 'content-type': 'text/csv' }, 415, 'content-type-unsupported'],
    ['broken JSON', '{"image":', { 'content-type': 'application/json' }, 400, 'json-invalid'],
    [
      'JSON that is not UTF-8',
      new Uint8Array([0x22, 0xff, 0x22]),
      { 'content-type': 'application/json' },
      400,
      'json-invalid',
    ],
    [
      'JSON of another shape',
      '{"picture":"x"}',
      { 'content-type': 'application/json' },
      400,
      'request-invalid',
    ],
    [
      'text that is no base64',
      '{"image":"a*b"}',
      { 'content-type': 'application/json' },
      400,
      'base64-invalid',
    ],
    [
      'base64 with "=" in the middle',
      '{"image":"YWJj=YWJj"}',
      { 'content-type': 'application/json' },
      400,
      'base64-invalid',
    ],
    [
      'white space for base64',
      '{"image":" \\n "}',
      { 'content-type': 'application/json' },
      400,
      'base64-invalid',
    ],
    [
      'base64 that is cut off',
      '{"image":"abcde"}',
      { 'content-type': 'application/json' },
      400,
      'base64-invalid',
    ],
    ['a form without boundary', 'x', { 'content-type': 'multipart/form-data' }, 400, 'multipart-invalid'],
    [
      'a form that is cut off',
      '--b\r\nContent-Disp',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      'multipart-invalid',
    ],
  ] as const)('rejects %s', async (_, body, headers, status, code) => {
    expect(await post(PREDICT, body, headers)).toMatchObject({ status, body: { error: { code } } });
  });

  it('rejects a form of fields only, naming them', async () => {
    const data = new FormData();
    data.append('image', 'a string');
    const { status, body } = await post(PREDICT, data);
    expect(status).toBe(400);
    expect(body.error.message).toContain('"image"');
  });

  it('rejects more pictures than the limit', async () => {
    const { status, body } = await test.send('POST', PREDICT, { images: ['aaaa', 'aaaa', 'aaaa', 'aaaa'] });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'too-many-images', details: { received: 4, allowed: 3 } });
  });

  it('rejects lists and forms with very many parts before it parses them', async () => {
    const roomy = createTestApp();
    const list = await roomy.send('POST', PREDICT, { images: new Array(100_001).fill(1) });
    expect(list).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid', details: { allowed: 100_000 } } },
    });
    for (const boundary of ['x', '"x y"']) {
      const delimiter = `--${boundary.replaceAll('"', '')}`;
      const part = `${delimiter}\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n0\r\n`;
      const answer = await roomy.app.request(PREDICT, {
        method: 'POST',
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
        body: `${part.repeat(1000)}${delimiter}--\r\n`,
      });
      expect(await readAnswer(answer)).toMatchObject({
        status: 400,
        body: { error: { code: 'too-many-images' } },
      });
    }
  });

  it('rejects a body that exceeds the limit, whether or not it declares its length', async () => {
    const endless = () =>
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) });
    for (const [body, headers] of [
      [new Uint8Array(100_001), {}],
      [endless(), {}],
      [endless(), { 'content-length': '5' }],
    ] as const) {
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, headers, duplex: 'half' };
      const response = await test.app.request(new Request(`http://localhost${PREDICT}`, init));
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({
        error: { code: 'body-too-large', details: { limit_bytes: 100_000 } },
      });
    }
  });

  it('reports every wrong parameter with what was received', async () => {
    const { status, body } = await post(`${PREDICT}?top_k=0&topk=3`, red);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'request-invalid', param: 'top_k' });
    expect(body.error.message).toContain('received "0"');
    expect(body.error.message).toContain('topk');
  });

  it('rejects an unknown model, and names it and the models that exist', async () => {
    const { status, body } = await post('/v1/models/colour/predict', red);
    expect(status).toBe(404);
    expect(body.error).toMatchObject({
      code: 'model-not-found',
      param: 'model',
      details: { models: ['color'] },
    });
    expect(body.error.message).toContain('"colour"');
    expect(body.error.message).toContain('"color"');
  });

  it('says that a job is still making the model', async () => {
    const job = await test.jobs.create(newJob({ model: 'soon' }));
    const { status, body } = await post('/v1/models/soon/predict', red);
    expect(status).toBe(404);
    expect(body.error.details).toMatchObject({ job: job.id, job_status: 'validating_files' });
    expect(body.error.message).toContain('still validating_files');
  });

  it.each([
    '..%2f..%2fjobs',
    '%2e%2e',
    '__proto__',
    '%E0%A4%A',
    'a%00b',
    'a%2fb',
    `${'a'.repeat(65)}`,
    'color:',
    'color:0',
  ])('rejects the model name %s', async (name) => {
    const { status, body } = await post(`/v1/models/${name}/predict`, red);
    expect([400, 404]).toContain(status);
    expect(body.error.code).toMatch(/^(model-name-invalid|model-version-invalid|route-not-found)$/);
  });

  it("takes a version by number, by alias and after the model's name", async () => {
    await commitColorModel(test.store, { version: '2', jobId: 'ftjob-2', labels: ['rot', 'grün', 'blau'] });
    test.predictor.forget('color');
    for (const [path, version, label] of [
      [PREDICT, '2', 'rot'],
      [`${PREDICT}?version=1`, '1', 'red'],
      [`${PREDICT}?version=latest`, '2', 'rot'],
      ['/v1/models/color:1/predict', '1', 'red'],
      ['/v1/models/color%3Alatest/predict', '2', 'rot'],
    ] as const) {
      expect((await post(path, red)).body).toMatchObject({ model_version: version, label });
    }
    const { status, body } = await post(`${PREDICT}?version=7`, red);
    expect(status).toBe(404);
    expect(body.error.message).toContain('"1", "2"');
  });
});

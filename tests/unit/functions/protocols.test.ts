// The protocols of other servers, as their documentation has them; tests/e2e/protocols asks by their own clients.

import { beforeAll, describe, expect, it } from 'vitest';
import { COLORS, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const KEY = 'a-key-of-a-test-that-is-long-enough';
let test: TestApp;
let red: Uint8Array<ArrayBuffer>;
let base64: string;

beforeAll(async () => {
  test = createTestApp({ apiKeys: async () => ({ tester: KEY }) });
  await commitColorModel(test.store);
  red = new Uint8Array(await colorPicture('red'));
  base64 = Buffer.from(red).toString('base64');
});

const BEARER = { authorization: `Bearer ${KEY}` };
async function ask(
  path: string,
  body: Uint8Array<ArrayBuffer> | FormData | object,
  headers: Record<string, string> = BEARER,
) {
  const isRaw = body instanceof Uint8Array || body instanceof FormData;
  const response = await test.app.request(path, {
    method: 'POST',
    headers: {
      ...(body instanceof FormData
        ? {}
        : { 'content-type': isRaw ? 'application/octet-stream' : 'application/json' }),
      ...headers,
    },
    body: isRaw ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}
const json = async (answer: ReturnType<typeof ask>): Promise<AnyJson> => {
  const { status, bytes } = await answer;
  return { status, body: JSON.parse(bytes.toString()) };
};
const get = async (path: string, headers: Record<string, string> = BEARER): Promise<AnyJson> => {
  const response = await test.app.request(path, { headers });
  return { status: response.status, body: await response.json() };
};

describe('Open Inference Protocol', () => {
  const image = (changes: object = {}) => ({
    name: 'image',
    shape: [1],
    datatype: 'BYTES',
    data: [base64],
    ...changes,
  });

  it('says that it lives and what it has, without a key where there is no data', async () => {
    expect(await get('/v2/health/live', {})).toMatchObject({ status: 200, body: { live: true } });
    expect(await get('/v2/health/ready', {})).toMatchObject({ status: 200, body: { ready: true } });
    expect((await get('/v2', {})).body.extensions).toContain('binary_tensor_data');
    expect(await get('/v2/models/color', {})).toMatchObject({
      status: 401,
      body: { error: expect.any(String) },
    });
    expect((await get('/v2/models/color/versions/1')).body).toMatchObject({
      name: 'color',
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1] }],
      outputs: [{ name: 'label' }, { name: 'score' }, { name: 'probabilities', shape: [-1, 3] }],
    });
    expect((await get('/v2/models/color/ready')).body).toEqual({ name: 'color', ready: true });
    expect(await get('/v2/models/none/ready')).toMatchObject({ status: 404 });
  });

  it('answers pictures in JSON with all outputs, and repeats the id', async () => {
    const { status, body } = await json(
      ask('/v2/models/color/infer', {
        id: '7',
        inputs: [image({ shape: [2, 1], data: [[base64], [base64]] })],
      }),
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ model_name: 'color', model_version: '1', id: '7' });
    const [label, score, probabilities] = body.outputs;
    expect(label).toEqual({ name: 'label', datatype: 'BYTES', shape: [2], data: ['red', 'red'] });
    expect(score.data[0]).toBe(Math.max(...probabilities.data));
    expect(probabilities).toMatchObject({ datatype: 'FP32', shape: [2, 3] });
  });

  it('takes and gives raw bytes, and classes as text', async () => {
    const element = Buffer.concat([Buffer.from(Uint32Array.of(red.byteLength).buffer), red]);
    const { data: _, ...input } = image({ parameters: { binary_data_size: element.byteLength } });
    const outputs = [
      { name: 'label', parameters: { binary_data: true } },
      { name: 'probabilities', parameters: { classification: 2 } },
    ];
    const head = Buffer.from(JSON.stringify({ inputs: [input], outputs }));
    const answer = await ask('/v2/models/color/infer', new Uint8Array(Buffer.concat([head, element])), {
      ...BEARER,
      'Inference-Header-Content-Length': String(head.byteLength),
    });
    const length = Number(answer.headers.get('Inference-Header-Content-Length'));
    const body = JSON.parse(answer.bytes.subarray(0, length).toString());
    expect(body.outputs[0]).toMatchObject({ shape: [1], parameters: { binary_data_size: 7 } });
    expect(answer.bytes.subarray(length)).toEqual(Buffer.from('\u0003\0\0\0red'));
    expect(body.outputs[1]).toMatchObject({ datatype: 'BYTES', shape: [1, 2] });
    expect(body.outputs[1].data[0]).toMatch(/^0\.\d+:0:red$/);
  });

  it('takes one picture as the whole body', async () => {
    const answer = ask('/v2/models/color/infer', red, { ...BEARER, 'Inference-Header-Content-Length': '0' });
    expect((await json(answer)).body.outputs[0].data).toEqual(['red']);
  });

  it.each([
    ['a shape with another number of elements', { shape: [2] }],
    ['another datatype', { datatype: 'FP32' }],
    ['an output that is not there', {}, [{ name: 'logits' }]],
    ['no base64', { data: ['*'] }],
  ])('refuses %s in its own words', async (_, changes, outputs = undefined as object | undefined) => {
    const answer = await json(ask('/v2/models/color/infer', { inputs: [image(changes)], outputs }));
    expect(answer).toMatchObject({ status: 400, body: { error: expect.any(String) } });
  });

  it('refuses raw bytes that end within an element', async () => {
    const head = Buffer.from(
      JSON.stringify({ inputs: [{ ...image({ parameters: { binary_data_size: 6 } }), data: undefined }] }),
    );
    const body = new Uint8Array(Buffer.concat([head, Buffer.from([9, 0, 0, 0, 1, 1])]));
    const headers = { ...BEARER, 'Inference-Header-Content-Length': String(head.byteLength) };
    expect(await json(ask('/v2/models/color/infer', body, headers))).toMatchObject({ status: 400 });
    expect(
      await json(
        ask('/v2/models/color/infer', body, { ...headers, 'Inference-Header-Content-Length': '9999' }),
      ),
    ).toMatchObject({ status: 400 });
  });
});

describe('TensorFlow Serving', () => {
  it('says the status of a model and of a version in the answer that is also its own', async () => {
    const status = [{ version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }];
    expect((await get('/v1/models/color')).body).toMatchObject({
      object: 'model',
      model_version_status: status,
    });
    expect((await get('/v1/models/color/versions/1')).body).toMatchObject({ model_version_status: status });
    expect((await get('/v1/models/color/metadata')).body).toMatchObject({
      model_spec: { name: 'color', version: '1' },
    });
  });

  it.each(['/v1/models/color', '/v1/models/color/versions/1', '/v1/models/color/labels/live'])(
    'predicts by rows and by columns: %s',
    async (path) => {
      const picture = { b64: base64 };
      const rows = await json(ask(`${path}:predict`, { instances: [picture, { image_bytes: picture }] }));
      expect(rows.body.predictions).toMatchObject([{ label: 'red' }, { label: 'red' }]);
      const columns = await json(ask(`${path}:predict`, { inputs: { image_bytes: [picture] } }));
      expect(columns.body.outputs).toMatchObject({ label: ['red'] });
      const classes = await json(ask(`${path}:classify`, { examples: [{ image_bytes: picture }] }));
      expect(classes.body.result[0][0]).toEqual(['red', expect.any(Number)]);
    },
  );

  it('refuses both forms at once, and methods that are not there', async () => {
    const picture = { b64: base64 };
    expect(
      await json(ask('/v1/models/color:predict', { instances: [picture], inputs: [picture] })),
    ).toMatchObject({ status: 400, body: { error: expect.stringContaining('"instances" or "inputs"') } });
    expect(await json(ask('/v1/models/color:regress', {}))).toMatchObject({ status: 405 });
    expect(await json(ask('/v1/models/none:predict', { instances: [picture] }))).toMatchObject({
      status: 404,
    });
  });

  it('says the metadata of versions and aliases, and the status of an alias', async () => {
    const whole = (await get('/v1/models/color/metadata')).body;
    for (const path of ['versions/1', 'labels/live'])
      expect(await get(`/v1/models/color/${path}/metadata`)).toEqual({ status: 200, body: whole });
    expect((await get('/v1/models/color/labels/live')).body).toEqual({
      model_version_status: [
        { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
      ],
    });
  });

  it('refuses signatures and inputs of other names', async () => {
    const picture = { b64: base64 };
    const refusal = async (verb: string, body: object) =>
      (await json(ask(`/v1/models/color:${verb}`, body))).body.error;
    const signature = { signature_name: 'other' };
    expect(await refusal('predict', { ...signature, instances: [picture] })).toMatch('"serving_default"');
    expect(await refusal('classify', { ...signature, examples: [picture] })).toMatch('"serving_default"');
    expect(await refusal('predict', { instances: [{ image_bytes: picture }, { images: picture }] })).toMatch(
      'instances.1 has the input "images"',
    );
    expect(await refusal('predict', { inputs: { images: [picture] } })).toMatch('"image_bytes"');
    const named = { signature_name: 'serving_default', instances: [picture] };
    expect(await json(ask('/v1/models/color:predict', named))).toMatchObject({ status: 200 });
  });

  it.each(['color', 'color/versions/1', 'color/labels/live'])(
    'says by OPTIONS, without a key, what may be done: %s',
    async (path) => {
      for (const verb of ['predict', 'classify']) {
        const { status, headers } = await test.app.request(`/v1/models/${path}:${verb}`, {
          method: 'OPTIONS',
        });
        expect({ status, allow: headers.get('allow') }).toEqual({ status: 204, allow: 'POST, OPTIONS' });
      }
    },
  );

  it('reserves the names of its methods', async () => {
    const answer = await test.send('PUT', '/v1/models/color/aliases/predict', { version: '1' }, BEARER);
    expect(answer.body).toMatchObject({ error: { code: 'alias-reserved' } });
  });
});

it('answers clients of Hugging Face, by bytes and by base64', async () => {
  expect((await json(ask('/models/color', red))).body[0]).toEqual({
    label: 'red',
    score: expect.any(Number),
  });
  const answer = await json(
    ask('/hf-inference/models/color', { inputs: base64, parameters: { top_k: 2, function_to_apply: null } }),
  );
  expect(answer.body.map(({ label }: { label: string }) => label)[0]).toBe('red');
  expect(answer.body).toHaveLength(2);
  expect(await json(ask('/models/color', red, {}))).toMatchObject({
    status: 401,
    body: { error: expect.any(String) },
  });
  const sigmoid = { inputs: base64, parameters: { function_to_apply: 'sigmoid' } };
  expect(await json(ask('/models/color', sigmoid))).toMatchObject({ status: 400 });
});

it('answers clients of Custom Vision, which send the key in a header of their own', async () => {
  const path =
    '/customvision/v3.0/Prediction/11111111-2222-3333-4444-555555555555/classify/iterations/color/image';
  const form = new FormData();
  form.append('imageData', new Blob([new Uint8Array(red)]));
  const key = { 'Prediction-Key': KEY };
  for (const [end, body] of [
    ['', red],
    ['/nostore', form],
  ] as const)
    expect((await json(ask(`${path}${end}`, body, key))).body).toMatchObject({
      project: '11111111-2222-3333-4444-555555555555',
      predictions: [
        { tagName: 'red', tagType: 'Regular', tagId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        {},
        {},
      ],
    });
  expect(await json(ask(path, red, { 'Prediction-Key': 'no' }))).toMatchObject({
    status: 401,
    body: { code: 'api-key-invalid' },
  });
});

describe('Rekognition', () => {
  const headers = {
    'x-amz-target': 'RekognitionService.DetectCustomLabels',
    'content-type': 'application/x-amz-json-1.1',
    authorization: `AWS4-HMAC-SHA256 Credential=${KEY}/20260101/eu-west-1/rekognition/aws4_request, SignedHeaders=host, Signature=0`,
  };
  const arn = 'arn:aws:rekognition:eu-west-1:123456789012:project/color/version/1/1700000000000';

  it('answers by the id of the access key, and by the ARN of a version', async () => {
    const body = { ProjectVersionArn: arn, Image: { Bytes: base64 } };
    const all = await json(ask('/', { ...body, MinConfidence: 0 }, headers));
    expect(all.body.CustomLabels.map(({ Name }: { Name: string }) => Name).sort()).toEqual(
      [...COLORS].sort(),
    );
    expect(all.body.CustomLabels[0].Confidence).toBeGreaterThan(50);
    const one = await json(ask('/', body, headers));
    expect(one.body.CustomLabels).toHaveLength(1);
  });

  it.each([
    ['ResourceNotFoundException', { ProjectVersionArn: arn.replace('color', 'none') }],
    ['InvalidImageFormatException', { Image: { Bytes: 'AAAAAAAA' } }],
    ['InvalidParameterException', { MinConfidence: 101 }],
    ['InvalidParameterException', { Image: { S3Object: { Bucket: 'b', Name: 'n' } } }],
  ])('fails with %s for %j', async (exception, changes) => {
    const body = { ProjectVersionArn: arn, Image: { Bytes: base64 }, ...changes };
    expect((await json(ask('/', body, headers))).body).toMatchObject({ __type: exception });
  });

  it('refuses other operations and unknown keys', async () => {
    const other = { ...headers, 'x-amz-target': 'RekognitionService.DetectLabels' };
    expect((await json(ask('/', {}, other))).body).toMatchObject({ __type: 'InvalidParameterException' });
    const unknown = { ...headers, authorization: headers.authorization.replace(KEY, 'AKIA') };
    expect((await json(ask('/', {}, unknown))).body).toMatchObject({ __type: 'AccessDeniedException' });
  });
});

describe('Roboflow', () => {
  it('answers the hosted API: base64 or bytes, the key in the query', async () => {
    for (const body of [new Uint8Array(Buffer.from(base64)), red]) {
      const answer = await json(ask(`/color/1?api_key=${KEY}`, body, {}));
      expect(answer.body).toMatchObject({
        top: 'red',
        confidence: expect.any(Number),
        predictions: [{ class: 'red', class_id: 0 }, {}, {}],
        image: { width: expect.any(Number) },
      });
    }
    expect(test.logLines.join('')).not.toContain(KEY);
    expect(await json(ask('/color/1', red, {}))).toMatchObject({
      status: 401,
      body: { message: expect.any(String) },
    });
  });

  it('answers the API of the inference server: its models, then pictures', async () => {
    const query = `?api_key=${KEY}`;
    expect((await get(`/model/registry${query}`, {})).body).toEqual({ models: [] });
    expect((await json(ask(`/model/add${query}`, { model_id: 'color/1' }, {}))).body.models[0]).toMatchObject(
      {
        model_id: 'color/1',
        task_type: 'classification',
        input_width: 8,
      },
    );
    const picture = { type: 'base64', value: base64 };
    const one = await json(ask(`/infer/classification${query}`, { model_id: 'color/1', image: picture }, {}));
    expect(one.body.top).toBe('red');
    const many = await json(
      ask(`/infer/classification${query}`, { model_id: 'color/1', image: [picture, picture] }, {}),
    );
    expect(many.body).toHaveLength(2);
  });
});

describe('errors have the shape of the protocol', () => {
  const text = { error: expect.any(String) };
  const codeAndMessage = { code: expect.any(String), message: expect.any(String) };
  const classify = '/customvision/v3.0/Prediction/p/classify/iterations/color';
  it.each<[string, string, number, object]>([
    ['POST', '/v1/models/color:predict', 401, text],
    ['POST', '/v1/models/color/versions/1:classify', 401, text],
    ['POST', '/v1/models/color:regress', 401, text],
    ['GET', '/v1/models/color/labels/live/metadata', 401, text],
    ['POST', '/v2/models/color/infer', 401, text],
    ['GET', '/v1/models/color', 401, { error: { code: 'api-key-missing' } }],
  ])('without a key: %s %s', async (method, path, status, shape) => {
    const response = await test.app.request(path, { method });
    expect({ status: response.status, body: await response.json() }).toMatchObject({ status, body: shape });
  });

  it.each<[string, string, number, object]>([
    ['POST', '/v1/models/color:regress', 405, text],
    ['POST', '/v1/models/color/versions/1:regress', 405, text],
    ['PUT', '/v1/models/color:predict', 405, text],
    ['POST', '/v1/models/color/labels/live/nothing', 404, text],
    ['GET', '/v2/models/color/stats', 404, text],
    ['POST', '/v2/repository/index', 404, text],
    ['DELETE', '/v2/models/color', 405, text],
    ['POST', `${classify}/url`, 404, codeAndMessage],
    ['POST', '/customvision/v3.0/Prediction/p/detect/iterations/color/image', 404, codeAndMessage],
    ['GET', '/models/color', 405, text],
    ['POST', '/infer/object_detection', 404, { message: expect.any(String) }],
    ['GET', '/label-studio/color/nothing', 404, { error: expect.any(String), code: 'route-not-found' }],
    ['POST', '/v1/nothing', 404, { error: { code: 'route-not-found' } }],
  ])('with one: %s %s', async (method, path, status, shape) => {
    const response = await test.app.request(path, { method, headers: BEARER });
    expect({ status: response.status, body: await response.json() }).toMatchObject({ status, body: shape });
  });
});

// The Open Inference Protocol, version 2, over HTTP, with its extensions for binary tensors and classification: what KServe, Triton and
// their clients speak. The input is encoded pictures; the outputs are labels and calibrated scores.

import type { Context } from 'hono';
import { z } from 'zod';
import { FoveaError } from '../../core/errors/errors.ts';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import type { AppEnv } from '../deps/deps.ts';
import { readBody } from '../http/read-body.ts';
import { assertCount } from '../http/read-images.ts';
import { parseJsonBody } from '../http/read-json.ts';
import { findUnready } from '../routes/find-unready.ts';
import type { RouteDeps } from '../routes/route-deps.ts';
import {
  type Answers,
  bestOf,
  createProtocol,
  ERROR_TEXT,
  findModel,
  predictAll,
  type ServedProtocol,
  scoresOf,
  toReference,
} from './protocol.ts';
import { parseBytesElements, toBytesElements, toFloatBytes } from './tensor-bytes.ts';

const HEADER_LENGTH = 'Inference-Header-Content-Length';
const PLATFORM = 'onnx_onnxv1';
const INPUT = 'image';

/** The outputs that a request may ask for. */
const OUTPUTS = {
  label: { datatype: 'BYTES', shapeOf: () => [-1] },
  score: { datatype: 'FP32', shapeOf: () => [-1] },
  probabilities: { datatype: 'FP32', shapeOf: (classes: number) => [-1, classes] },
} as const;
const OUTPUT_NAMES = ['label', 'score', 'probabilities'] as const satisfies readonly (keyof typeof OUTPUTS)[];
type OutputName = (typeof OUTPUT_NAMES)[number];

const Data = z.array(z.union([z.string(), z.array(z.string())]));
const RequestSchema = z.object({
  id: z.string().optional(),
  parameters: z.object({ binary_data_output: z.boolean().optional() }).loose().optional(),
  inputs: z.tuple([
    z.object({
      name: z.string(),
      shape: z.array(z.number().int().min(0)).min(1).max(2),
      datatype: z.literal('BYTES'),
      parameters: z
        .object({ binary_data_size: z.number().int().min(0).optional() })
        .loose()
        .optional(),
      data: Data.optional(),
    }),
  ]),
  outputs: z
    .array(
      z.object({
        name: z.enum(OUTPUT_NAMES),
        parameters: z
          .object({
            binary_data: z.boolean().optional(),
            classification: z.number().int().min(0).optional(),
          })
          .loose()
          .optional(),
      }),
    )
    .optional(),
});
type InferRequest = z.output<typeof RequestSchema>;

/** An output tensor before it is written. */
interface Tensor {
  readonly name: OutputName;
  readonly datatype: 'BYTES' | 'FP32';
  readonly shape: readonly number[];
  readonly values: readonly (string | number)[];
  readonly isBinary: boolean;
}

/** Everything below `/v2`. */
export const OPEN_INFERENCE: ServedProtocol = {
  isAsked: ({ path }) => /^\/v2(?:\/|$)/.test(path),
  errorShape: ERROR_TEXT,
  routes: openInferenceRoutes,
};

/** The routes of the protocol. */
function openInferenceRoutes(deps: RouteDeps) {
  const { version } = deps;
  const { routes, guard } = createProtocol(deps);

  // Health has no secrets, as everywhere.
  routes.get('/v2/health/live', (c) => c.json({ live: true }));
  routes.get('/v2/health/ready', async (c) => {
    const isReady = (await findUnready(deps, c.get('requestId'))) === undefined;
    return c.json({ ready: isReady, live: true }, isReady ? 200 : 503);
  });
  routes.get('/v2', (c) =>
    c.json({ name: 'fovea', version, extensions: ['binary_tensor_data', 'classification'] }),
  );

  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    const referenceOf = (c: Context<AppEnv>) =>
      toReference(c.req.param('model') ?? '', c.req.param('version'));
    routes.get(path, guard, async (c) => c.json(toMetadata(await findModel(deps, c, referenceOf(c)))));
    routes.get(`${path}/ready`, guard, async (c) => {
      const { model } = await findModel(deps, c, referenceOf(c));
      return c.json({ name: model, ready: true });
    });
    routes.post(`${path}/infer`, guard, (c) => infer(deps, c, referenceOf(c)));
  }
  return routes;
}

function toMetadata({ model, version, labels }: Manifest) {
  return {
    name: model,
    versions: [version],
    platform: PLATFORM,
    inputs: [{ name: INPUT, datatype: 'BYTES', shape: [-1], parameters: { content_type: 'base64' } }],
    outputs: OUTPUT_NAMES.map((name) => {
      const { datatype, shapeOf } = OUTPUTS[name];
      return { name, datatype, shape: shapeOf(labels.length), parameters: { labels } };
    }),
  };
}

async function infer(deps: RouteDeps, c: Context<AppEnv>, reference: string): Promise<Response> {
  let request: InferRequest | undefined;
  const answers = await predictAll(deps, c, reference, async () => {
    const parts = await readParts(deps, c);
    request = parts.request;
    return picturesOf(deps, parts);
  });
  if (request === undefined) throw new TypeError('A request was not read.');
  return write(c, request, answers);
}

interface Parts {
  readonly request: InferRequest;
  /** What follows the JSON. */
  readonly raw: Uint8Array;
}

async function readParts({ limits }: RouteDeps, c: Context<AppEnv>): Promise<Parts> {
  const body = await readBody(c, limits.predictBodyBytes);
  const header = c.req.header(HEADER_LENGTH);
  if (header === undefined)
    return { request: parseJsonBody(body, RequestSchema), raw: body.subarray(body.byteLength) };
  const length = /^\d{1,10}$/.test(header) ? Number(header) : Number.POSITIVE_INFINITY;
  if (length > body.byteLength)
    throw new FoveaError(
      'request-invalid',
      `The header ${HEADER_LENGTH} is ${JSON.stringify(header.slice(0, 40))}, and the body has ${body.byteLength} bytes: it is the length of the JSON at the beginning of the body.`,
      { param: HEADER_LENGTH },
    );
  // The protocol has no JSON at all where a request is one input in raw bytes.
  if (length === 0) {
    const inputs: InferRequest['inputs'] = [
      {
        name: INPUT,
        shape: [1],
        datatype: 'BYTES',
        parameters: { binary_data_size: body.byteLength },
      },
    ];
    return { request: { inputs }, raw: toBytesElements([body]) };
  }
  return { request: parseJsonBody(body.subarray(0, length), RequestSchema), raw: body.subarray(length) };
}

/** @throws {FoveaError} `request-invalid`, `too-many-images`. */
function picturesOf({ limits }: RouteDeps, { request, raw }: Parts): (Uint8Array | FoveaError)[] {
  const [input] = request.inputs;
  const isBinary = input.parameters?.binary_data_size !== undefined;
  const count = input.shape.reduce((product, size) => product * size, 1);
  assertCount(count, limits);
  const pictures = isBinary
    ? parseBytesElements(raw, 'inputs.0')
    : (input.data ?? [])
        .flat()
        .map((text, index) => decodeBase64(text, `inputs.0.data.${index}`, limits.uploadBytes));
  if (pictures.length !== count)
    throw new FoveaError(
      'request-invalid',
      `inputs.0: its shape ${JSON.stringify(input.shape)} has ${count} elements, and ${pictures.length} were sent. Each is an encoded picture, e.g. a JPEG: base64 in "data", or raw bytes after the JSON.`,
      { param: 'inputs.0' },
    );
  return pictures;
}

function write(c: Context<AppEnv>, request: InferRequest, answers: Answers): Response {
  const wanted = request.outputs ?? OUTPUT_NAMES.map((name) => ({ name, parameters: undefined }));
  const tensors = wanted.map(({ name, parameters }) =>
    toTensor(name, answers, {
      isBinary: parameters?.binary_data ?? request.parameters?.binary_data_output ?? false,
      classes: parameters?.classification ?? 0,
    }),
  );
  const chunks: Uint8Array[] = [];
  const outputs = tensors.map(({ name, datatype, shape, values, isBinary }) => {
    if (!isBinary) return { name, datatype, shape, data: values };
    const bytes =
      datatype === 'BYTES' ? toBytesElements(values.map(String)) : toFloatBytes(values.map(Number));
    chunks.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } };
  });
  const json = {
    model_name: answers.model,
    model_version: answers.modelVersion,
    ...(request.id === undefined ? {} : { id: request.id }),
    outputs,
  };
  if (chunks.length === 0) return c.json(json);
  const head = Buffer.from(JSON.stringify(json));
  return c.body(Buffer.concat([head, ...chunks]), 200, {
    'Content-Type': 'application/octet-stream',
    [HEADER_LENGTH]: String(head.byteLength),
  });
}

/** @param options `classes`: of the extension for classification, how many classes as text; 0: none. */
function toTensor(
  name: OutputName,
  { answers }: Answers,
  { isBinary, classes }: { readonly isBinary: boolean; readonly classes: number },
): Tensor {
  const count = answers.length;
  if (classes > 0 && name === 'probabilities') {
    const rows = answers.map(({ predictions }) =>
      predictions.slice(0, classes).map(({ score, index, label }) => `${score}:${index}:${label}`),
    );
    const values = rows.flat();
    return { name, datatype: 'BYTES', shape: [count, rows[0]?.length ?? 0], values, isBinary };
  }
  if (name === 'probabilities') {
    const rows = answers.map(scoresOf);
    return { name, datatype: 'FP32', shape: [count, rows[0]?.length ?? 0], values: rows.flat(), isBinary };
  }
  const best = answers.map(bestOf);
  return name === 'label'
    ? { name, datatype: 'BYTES', shape: [count], values: best.map(({ label }) => label), isBinary }
    : { name, datatype: 'FP32', shape: [count], values: best.map(({ score }) => score), isBinary };
}

// TensorFlow Serving's REST API: status is part of the model's own answer; here are metadata, `:predict` and `:classify`.

import type { Context } from 'hono';
import { z } from 'zod';
import { toWireModel } from '../../api/model.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { ADDRESS_VERBS } from '../../core/model/model-name.ts';
import type { AppEnv } from '../deps/deps.ts';
import { readBody } from '../http/read-body.ts';
import { assertCount } from '../http/read-images.ts';
import { parseJsonBody } from '../http/read-json.ts';
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

/** What follows the colon. */
const METHOD = `(?:${ADDRESS_VERBS.join('|')})`;
const INPUT = 'image_bytes';
const SIGNATURE = 'serving_default';

/** Addresses that only this protocol has, and the verbs of its API, also those that are not answered. */
const OWN_PATH =
  /^\/v1\/models\/[^/]+(?:\/labels(?:\/.*)?|\/versions\/[^/]+(?::[^/]*|\/metadata)|\/metadata|:(?:predict|classify|regress))\/?$/;
/** What follows the colon may be any verb where something is posted, and a version or an alias otherwise. */
const VERB_PATH = /^\/v1\/models\/[^/]+:[^/]*\/?$/;

/** Binary values of the API: `{"b64": "…"}`. */
const B64 = z.object({ b64: z.string() });
/** A picture alone, or by the name of the input. */
const Picture = z.union([B64, z.record(z.string(), B64)]);
const SignatureName = z
  .literal([SIGNATURE, ''], { error: `there is one signature, "${SIGNATURE}": name it, or none` })
  .optional();
const PredictSchema = z.object({
  signature_name: SignatureName,
  instances: z.array(Picture).min(1).optional(),
  inputs: z.union([z.array(B64).min(1), B64, z.record(z.string(), z.union([B64, z.array(B64)]))]).optional(),
});
const ClassifySchema = z.object({
  signature_name: SignatureName,
  examples: z.array(Picture).min(1),
});

/** @throws {FoveaError} `request-invalid` where a name is not that of the input. */
function b64sOf(value: unknown, param: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one, index) => b64sOf(one, `${param}.${index}`));
  const own = B64.safeParse(value).data?.b64;
  if (own !== undefined) return [own];
  const { [INPUT]: input, ...others } = value as Readonly<Record<string, unknown>>;
  const [other] = Object.keys(others);
  if (input !== undefined && other === undefined) return b64sOf(input, param);
  throw new FoveaError(
    'request-invalid',
    `${param} has ${other === undefined ? 'no input' : `the input ${JSON.stringify(other.slice(0, 80))}`}. The one input of every model is "${INPUT}": send ` +
      `{"${INPUT}": {"b64": "…"}}, or {"b64": "…"} alone.`,
    { param },
  );
}

/** What only it has below `/v1/models`. The status of a model is at addresses of this API, whose errors they have. */
export const TENSORFLOW_SERVING: ServedProtocol = {
  isAsked: ({ method, path }) => OWN_PATH.test(path) || (method === 'POST' && VERB_PATH.test(path)),
  errorShape: ERROR_TEXT,
  routes: tensorflowServingRoutes,
};

/** The routes of the protocol. */
function tensorflowServingRoutes(deps: RouteDeps) {
  const { limits } = deps;
  // Below /v1 the key is checked already.
  const { routes, guard } = createProtocol({ ...deps, keyRing: undefined });

  const read = async (
    c: Context<AppEnv>,
    param: string,
    textsOf: (body: Uint8Array) => readonly string[],
  ) => {
    const texts = textsOf(await readBody(c, limits.predictBodyBytes));
    assertCount(texts.length, limits);
    return texts.map((text, index) => decodeBase64(text, `${param}.${index}`, limits.uploadBytes));
  };

  async function predict(c: Context<AppEnv>, reference: string): Promise<Response> {
    let isColumns = false;
    const answers = await predictAll(deps, c, reference, () =>
      read(c, 'instances', (body) => {
        const { instances, inputs } = parseJsonBody(body, PredictSchema);
        if ((instances === undefined) === (inputs === undefined))
          throw new FoveaError('request-invalid', 'The request body needs either "instances" or "inputs".', {
            param: 'instances',
          });
        isColumns = inputs !== undefined;
        return instances === undefined ? b64sOf(inputs, 'inputs') : b64sOf(instances, 'instances');
      }),
    );
    return c.json(isColumns ? { outputs: toColumns(answers) } : { predictions: toRows(answers) });
  }

  async function classify(c: Context<AppEnv>, reference: string): Promise<Response> {
    const { answers } = await predictAll(deps, c, reference, () =>
      read(c, 'examples', (body) => b64sOf(parseJsonBody(body, ClassifySchema).examples, 'examples')),
    );
    const result = answers.map(({ predictions }) => predictions.map(({ label, score }) => [label, score]));
    // The documentation has the first in its text and the second in its example.
    return c.json({ result, results: result });
  }

  const act = (c: Context<AppEnv>, model: string, named: string | undefined, call: string) => {
    const at = call.lastIndexOf(':');
    const method = call.slice(at + 1);
    const reference = named === undefined ? call.slice(0, at) : toReference(model, call.slice(0, at));
    return method === 'predict' ? predict(c, reference) : classify(c, reference);
  };
  routes.post(`/v1/models/:call{[^/]+:${METHOD}}`, guard, (c) =>
    act(c, '', undefined, c.req.param('call') ?? ''),
  );
  for (const folder of ['versions', 'labels'] as const)
    routes.post(`/v1/models/:model/${folder}/:call{[^/]+:${METHOD}}`, guard, (c) =>
      act(c, c.req.param('model') ?? '', folder, c.req.param('call') ?? ''),
    );

  // A version has its status at the address of this API that describes it, and an alias only here.
  routes.get('/v1/models/:model/labels/:version', guard, async (c) => {
    const manifest = await findModel(deps, c, toReference(c.req.param('model'), c.req.param('version')));
    return c.json({ model_version_status: toWireModel(manifest, []).model_version_status });
  });
  const ofModel = '/v1/models/:model';
  for (const path of [ofModel, `${ofModel}/versions/:version`, `${ofModel}/labels/:version`] as const)
    routes.get(`${path}/metadata`, guard, async (c) => {
      const reference = toReference(c.req.param('model') ?? '', c.req.param('version'));
      return c.json(toMetadata(await findModel(deps, c, reference)));
    });
  return routes;
}

function toMetadata({ model, version, labels }: Manifest) {
  const tensor = (dtype: string, ...dim: number[]) => ({
    dtype,
    tensor_shape: { dim: dim.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
    name: '',
  });
  const signature = {
    inputs: { [INPUT]: tensor('DT_STRING', -1) },
    outputs: {
      label: tensor('DT_STRING', -1),
      score: tensor('DT_FLOAT', -1),
      probabilities: tensor('DT_FLOAT', -1, labels.length),
    },
    method_name: 'tensorflow/serving/predict',
  };
  return {
    model_spec: { name: model, signature_name: '', version },
    metadata: { signature_def: { signature_def: { [SIGNATURE]: signature } } },
  };
}

const toRows = ({ answers }: Answers) =>
  answers.map((answer) => {
    const { label, score } = bestOf(answer);
    return { label, score, probabilities: scoresOf(answer) };
  });

const toColumns = ({ answers }: Answers) => ({
  label: answers.map((answer) => bestOf(answer).label),
  score: answers.map((answer) => bestOf(answer).score),
  probabilities: answers.map(scoresOf),
});

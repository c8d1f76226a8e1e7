// TensorFlow Serving's REST API: status is part of the model's own answer; here are metadata, `:predict` and `:classify`.

import type { Context } from 'hono';
import { z } from 'zod';
import { FoveaError } from '../../core/errors/errors.ts';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
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
  findModel,
  predictAll,
  scoresOf,
  toReference,
} from './protocol.ts';

/** What follows the colon. */
const METHOD = `(?:${ADDRESS_VERBS.join('|')})`;
const INPUT = 'image_bytes';

/** Binary values of the API: `{"b64": "…"}`. */
const B64 = z.object({ b64: z.string() });
/** A picture alone, or by the name of the input. */
const Picture = z.union([B64, z.record(z.string(), B64)]);
const PredictSchema = z.object({
  signature_name: z.string().optional(),
  instances: z.array(Picture).min(1).optional(),
  inputs: z.union([z.array(B64).min(1), B64, z.record(z.string(), z.union([B64, z.array(B64)]))]).optional(),
});
const ClassifySchema = z.object({
  signature_name: z.string().optional(),
  examples: z.array(Picture).min(1),
});

const b64sOf = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(b64sOf);
  const own = B64.safeParse(value).data?.b64;
  return own === undefined ? Object.values(value as object).flatMap(b64sOf) : [own];
};

/** The routes of the protocol. */
export function tensorflowServingRoutes(deps: RouteDeps) {
  const { limits } = deps;
  // Below /v1 the key is checked already.
  const { routes, guard } = createProtocol(
    { ...deps, keyRing: undefined },
    { errorShape: ({ error }) => ({ error: error.message }) },
  );

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
        return b64sOf(instances ?? inputs);
      }),
    );
    return c.json(isColumns ? { outputs: toColumns(answers) } : { predictions: toRows(answers) });
  }

  async function classify(c: Context<AppEnv>, reference: string): Promise<Response> {
    const { answers } = await predictAll(deps, c, reference, () =>
      read(c, 'examples', (body) => b64sOf(parseJsonBody(body, ClassifySchema).examples)),
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

  routes.get('/v1/models/:model/metadata', guard, async (c) => {
    const { model, version, labels } = await findModel(deps, c, c.req.param('model') ?? '');
    const tensor = (dtype: string, ...dim: number[]) => ({
      dtype,
      tensor_shape: { dim: dim.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
      name: '',
    });
    const serving_default = {
      inputs: { [INPUT]: tensor('DT_STRING', -1) },
      outputs: {
        label: tensor('DT_STRING', -1),
        score: tensor('DT_FLOAT', -1),
        probabilities: tensor('DT_FLOAT', -1, labels.length),
      },
      method_name: 'tensorflow/serving/predict',
    };
    return c.json({
      model_spec: { name: model, signature_name: '', version },
      metadata: { signature_def: { signature_def: { serving_default } } },
    });
  });
  return routes;
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

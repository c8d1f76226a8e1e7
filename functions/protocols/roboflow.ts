// Classification as Roboflow's clients ask for it: the hosted API's `POST /{model}/{version}`, and that of its inference server, which asks
// what models there are before it posts pictures to one address.

import type { Context } from 'hono';
import { z } from 'zod';
import type { FoveaError } from '../../core/errors/errors.ts';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
import { readImageHeader } from '../../core/image/read-image-header.ts';
import type { AppEnv } from '../deps/deps.ts';
import { readBody } from '../http/read-body.ts';
import { parseJsonBody } from '../http/read-json.ts';
import { BEARER_KEY, type KeyPlace } from '../http/require-api-key.ts';
import type { RouteDeps } from '../routes/route-deps.ts';
import {
  type Answer,
  bestOf,
  createProtocol,
  findModel,
  predictAll,
  type ServedProtocol,
  toReference,
} from './protocol.ts';

const PARAM = 'api_key';
const KEY_PLACE: KeyPlace = {
  read: (c) => BEARER_KEY.read(c) ?? c.req.query(PARAM),
  advice: `send "Authorization: Bearer <API key>", or ?${PARAM}=<API key>`,
  param: PARAM,
};

const Picture = z.object({ type: z.literal('base64'), value: z.string() });
/** Older clients send the key in the body. */
const ModelSchema = z.object({ model_id: z.string().min(1), [PARAM]: z.string().optional() });
const InferSchema = ModelSchema.extend({ image: z.union([Picture, z.array(Picture).min(1)]) });
/** Base64 in text, or the bytes of a picture. */
const isText = (bytes: Uint8Array) =>
  /^(?:data:|[A-Za-z0-9+/])/.test(Buffer.from(bytes.subarray(0, 8)).toString('latin1')) &&
  !bytes.subarray(0, 512).some((byte) => byte > 127);

/** A version of a model, and the addresses of the inference server. */
export const ROBOFLOW: ServedProtocol = {
  isAsked: ({ path }) => /^\/(?:(?:infer|model)\/|[^/]+\/[1-9][0-9]*\/?$)/.test(path),
  errorShape: ({ error }) => ({ message: error.message }),
  routes: roboflowRoutes,
};

/** The routes of the protocol. */
function roboflowRoutes(deps: RouteDeps) {
  const { limits, now } = deps;
  const { routes, guard, admit } = createProtocol(deps, KEY_PLACE);

  /** Predicts, and gives each answer with the size of its picture. */
  async function infer(
    c: Context<AppEnv>,
    modelId: string,
    read: () => Promise<readonly (Uint8Array | FoveaError)[]>,
  ) {
    const startedMs = now();
    let pictures: readonly (Uint8Array | FoveaError)[] = [];
    const { answers } = await predictAll(deps, c, toModelReference(modelId), async () => {
      pictures = await read();
      return pictures;
    });
    const time = (now() - startedMs) / 1000;
    return Promise.all(
      answers.map(async (answer, index) => ({ time, ...(await describe(answer, pictures[index])) })),
    );
  }

  async function describe(answer: Answer, picture: Uint8Array | FoveaError | undefined) {
    const header = picture instanceof Uint8Array ? await readImageHeader(picture) : undefined;
    const best = bestOf(answer);
    return {
      image: { width: header?.width ?? 0, height: header?.height ?? 0 },
      predictions: answer.predictions.map(({ label, index, score }) => ({
        class: label,
        class_id: index,
        confidence: score,
      })),
      top: best.label,
      confidence: best.score,
    };
  }

  routes.post('/:model/:version{[1-9][0-9]*}', guard, async (c) => {
    const modelId = `${c.req.param('model')}/${c.req.param('version')}`;
    const [answer] = await infer(c, modelId, async () => {
      const body = await readBody(c, limits.predictBodyBytes);
      return [
        isText(body) ? decodeBase64(Buffer.from(body).toString('latin1'), 'body', limits.uploadBytes) : body,
      ];
    });
    return c.json(answer);
  });

  routes.post('/infer/classification', async (c) => {
    // The body names the model, so it is read before the request has its turn.
    const body = parseJsonBody(await readBody(c, limits.predictBodyBytes), InferSchema);
    await admit(c, KEY_PLACE.read(c) ?? body[PARAM]);
    const pictures = [body.image].flat();
    const answers = await infer(c, body.model_id, async () =>
      pictures.map(({ value }, index) => decodeBase64(value, `image.${index}`, limits.uploadBytes)),
    );
    return c.json(Array.isArray(body.image) ? answers : answers[0]);
  });

  // Models are loaded when they are asked; a client adds the one that it uses, and gets its description.
  routes.get('/model/registry', guard, (c) => c.json({ models: [] }));
  routes.post('/model/add', async (c) => {
    const { model_id, ...body } = parseJsonBody(await readBody(c, limits.jsonBodyBytes), ModelSchema);
    await admit(c, KEY_PLACE.read(c) ?? body[PARAM]);
    const { input } = await findModel(deps, c, toModelReference(model_id));
    const size = { input_width: input.width, input_height: input.height };
    return c.json({ models: [{ model_id, task_type: 'classification', batch_size: null, ...size }] });
  });
  return routes;
}

/** `model/version` as a reference. */
function toModelReference(modelId: string): string {
  const [model = '', version] = modelId.split('/');
  return toReference(model, version);
}

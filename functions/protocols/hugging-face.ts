// Image classification as Hugging Face's inference clients ask for it: `POST /models/{model}`.

import { z } from 'zod';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
import { parseJsonBody, readBodyOfTwoKinds } from '../http/read-json.ts';
import type { RouteDeps } from '../routes/route-deps.ts';
import { createProtocol, ERROR_TEXT, predictAll, type ServedProtocol } from './protocol.ts';

const DEFAULT_TOP_K = 5;

const RequestSchema = z.object({
  /** Base64. */
  inputs: z.string().min(1),
  parameters: z
    .object({
      top_k: z.number().int().min(1).nullish(),
      // The scores of a classifier here are those of a softmax, calibrated.
      function_to_apply: z.literal('softmax').nullish(),
    })
    .nullish(),
});

/** Everything below `/models`. */
export const HUGGING_FACE: ServedProtocol = {
  isAsked: ({ path }) => /^(?:\/hf-inference)?\/models(?:\/|$)/.test(path),
  errorShape: ERROR_TEXT,
  routes: huggingFaceRoutes,
};

/** The routes of the protocol: the address of a model itself, and below the path of the hub's own service. */
function huggingFaceRoutes(deps: RouteDeps) {
  const { limits } = deps;
  const { routes, guard } = createProtocol(deps);
  for (const path of ['/models/:model', '/hf-inference/models/:model'] as const)
    routes.post(path, guard, async (c) => {
      let topK = DEFAULT_TOP_K;
      const { answers } = await predictAll(deps, c, c.req.param('model') ?? '', async () => {
        const { bytes, isJson } = await readBodyOfTwoKinds(c, limits.predictBodyBytes);
        if (!isJson) return [bytes];
        const { inputs, parameters } = parseJsonBody(bytes, RequestSchema);
        topK = parameters?.top_k ?? DEFAULT_TOP_K;
        return [decodeBase64(inputs, 'inputs', limits.uploadBytes)];
      });
      const [answer] = answers;
      return c.json((answer?.predictions ?? []).slice(0, topK).map(({ label, score }) => ({ label, score })));
    });
  return routes;
}

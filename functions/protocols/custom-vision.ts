// Classification as clients of Azure Custom Vision's prediction API ask for it. The published name of an iteration is a model here; the
// id of the project is repeated and not looked at.

import { createHash, randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { FoveaError } from '../../core/errors/errors.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Limits } from '../deps/limits.ts';
import { openBody } from '../http/open-body.ts';
import { readBody } from '../http/read-body.ts';
import { readForm } from '../http/read-form.ts';
import type { KeyPlace } from '../http/require-api-key.ts';
import type { RouteDeps } from '../routes/route-deps.ts';
import { createProtocol, predictAll, type ServedProtocol } from './protocol.ts';

const HEADER = 'Prediction-Key';
const FIELD = 'imageData';
const KEY_PLACE: KeyPlace = {
  read: (c) => c.req.header(HEADER),
  advice: `send "${HEADER}: <API key>"`,
  param: HEADER,
};

/** Where clients post a picture; `nostore` says what is always so: pictures are not kept. */
const PATHS = ['image', 'image/nostore'].map(
  (end) =>
    `/customvision/:version{v3\\.[0-9]+}/:area{[Pp]rediction}/:project/classify/iterations/:model/${end}`,
);

/** Clients of this protocol take ids that look like GUIDs. The same name has the same one. */
function guidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** The picture of a form, whose field has no file name with the SDK for Python, or of the body itself. */
async function readPicture(c: Context<AppEnv>, limits: Limits): Promise<(Uint8Array | FoveaError)[]> {
  const type = c.req.header('content-type') ?? '';
  if (!type.startsWith('multipart/form-data')) return [await readBody(c, limits.predictBodyBytes)];
  const { files } = await readForm(openBody(c, limits.predictBodyBytes), type, {
    files: 1,
    fileBytes: limits.uploadBytes,
    fileNames: new Set([FIELD]),
  });
  const [file] = files;
  if (file === undefined)
    throw new FoveaError('multipart-invalid', `The form has no picture: send it as the field "${FIELD}".`, {
      param: FIELD,
    });
  return [file.bytes ?? imageTooLarge(file.sizeBytes, limits.uploadBytes)];
}

/** Everything below `/customvision`. */
export const CUSTOM_VISION: ServedProtocol = {
  isAsked: ({ path }) => /^\/customvision(?:\/|$)/.test(path),
  errorShape: ({ error }) => ({ code: error.code, message: error.message }),
  routes: customVisionRoutes,
};

/** The routes of the protocol. */
function customVisionRoutes(deps: RouteDeps) {
  const { limits, now } = deps;
  const { routes, guard } = createProtocol(deps, KEY_PLACE);
  for (const path of PATHS)
    routes.post(path, guard, async (c) => {
      const { model, modelVersion, answers } = await predictAll(deps, c, c.req.param('model') ?? '', () =>
        readPicture(c, limits),
      );
      const predictions = (answers[0]?.predictions ?? []).map(({ label, score }) => ({
        probability: score,
        tagId: guidOf(label),
        tagName: label,
        tagType: 'Regular',
      }));
      return c.json({
        id: randomUUID(),
        project: c.req.param('project'),
        iteration: guidOf(`${model}:${modelVersion}`),
        created: new Date(now()).toISOString(),
        predictions,
      });
    });
  return routes;
}

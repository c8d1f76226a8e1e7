// DetectCustomLabels as clients of Amazon Rekognition call it. The id of the access key is the API key; the signature is not checked,
// since the server does not know the secret that made it: use TLS, as with any API key.

import { z } from 'zod';
import { FoveaError } from '../../core/errors/errors.ts';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
import type { ErrorBody } from '../http/error-response.ts';
import { readBody } from '../http/read-body.ts';
import { parseJsonBody } from '../http/read-json.ts';
import type { KeyPlace } from '../http/require-api-key.ts';
import type { RouteDeps } from '../routes/route-deps.ts';
import { bestOf, createProtocol, predictAll, type ServedProtocol } from './protocol.ts';

const TARGET = 'X-Amz-Target';
const OPERATION = 'RekognitionService.DetectCustomLabels';
const PERCENT = 100;

const KEY_PLACE: KeyPlace = {
  read: (c) => /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(c.req.header('authorization') ?? '')?.[1],
  advice: 'sign it (AWS Signature Version 4) with the API key as the id of the access key',
  param: 'Authorization',
};

const RequestSchema = z.object({
  /** The model is the name of the project, and its version that of the version. */
  ProjectVersionArn: z.string().min(1),
  Image: z.object({ Bytes: z.string().optional(), S3Object: z.object({}).loose().optional() }),
  MaxResults: z.number().int().min(0).optional(),
  MinConfidence: z.number().min(0).max(PERCENT).optional(),
});

/** The name of the exception that clients throw. */
function exceptionOf({ error: { code, type } }: ErrorBody, status: number): string {
  if (status === 401 || status === 403) return 'AccessDeniedException';
  if (status === 429) return 'ThrottlingException';
  if (code === 'model-not-found' || code === 'model-version-not-found') return 'ResourceNotFoundException';
  if (code === 'image-too-large' || code === 'body-too-large') return 'ImageTooLargeException';
  if (code.startsWith('image-')) return 'InvalidImageFormatException';
  return type === 'server_error' ? 'InternalServerError' : 'InvalidParameterException';
}

const ARN = /^arn:[^:]+:rekognition:[^:]*:[^:]*:project\/(?<model>[^/]+)\/version\/(?<version>[^/]+)(?:\/|$)/;

/** `model:version` of an ARN; what is no ARN is a reference itself. */
function toReferenceOfArn(arn: string): string {
  const { model, version } = ARN.exec(arn)?.groups ?? {};
  return model === undefined || version === undefined ? arn : `${model}:${version}`;
}

/** What is posted to the root, where there is a page for people too. */
export const REKOGNITION: ServedProtocol = {
  isAsked: ({ method, path }) => method === 'POST' && path === '/',
  errorShape: (body, status) => ({ __type: exceptionOf(body, status), message: body.error.message }),
  routes: rekognitionRoutes,
};

/** The route of the protocol: AWS's JSON protocol posts everything to `/` and names the operation in a header. */
function rekognitionRoutes(deps: RouteDeps) {
  const { limits } = deps;
  const { routes, guard } = createProtocol(deps, KEY_PLACE);
  routes.post('/', guard, async (c) => {
    const target = c.req.header(TARGET);
    if (target !== OPERATION)
      throw new FoveaError(
        'request-invalid',
        `The header ${TARGET} is ${target === undefined ? 'missing' : JSON.stringify(target.slice(0, 100))}; the only operation at POST / is "${OPERATION}".`,
        { param: TARGET },
      );
    // The body names the model, so it is read before the request has its turn.
    const request = parseJsonBody(await readBody(c, limits.predictBodyBytes), RequestSchema);
    const { Image: image, MaxResults: most, MinConfidence: least } = request;
    if (image.Bytes === undefined)
      throw new FoveaError(
        'request-invalid',
        'Image.Bytes is missing: send the picture in the request. Image.S3Object is not read.',
        { param: 'Image' },
      );
    const bytes = decodeBase64(image.Bytes, 'Image.Bytes', limits.uploadBytes);
    const { answers } = await predictAll(deps, c, toReferenceOfArn(request.ProjectVersionArn), async () => [
      bytes,
    ]);
    const [answer] = answers;
    if (answer === undefined) throw new TypeError('A picture has no answer.');
    // Without a limit of the request, the model's own threshold decides.
    const chosen =
      least === undefined
        ? answer.isRejected
          ? []
          : [bestOf(answer)]
        : answer.predictions.filter(({ score }) => score * PERCENT >= least);
    const labels = chosen.slice(0, most ?? chosen.length);
    return c.json({
      CustomLabels: labels.map(({ label, score }) => ({ Name: label, Confidence: score * PERCENT })),
    });
  });
  return routes;
}

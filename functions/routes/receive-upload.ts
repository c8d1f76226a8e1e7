// PUT /uploads/{token}: receives the bytes that an upload link allows, where the object store has no server of its own. Like
// S3 it asks for no API key: the link is the permission to write this one object.

import { z } from '@hono/zod-openapi';
import { ReceivedUploadSchema } from '../../api/upload.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { headersOf, type UploadGrant, type UploadLinks } from '../../core/storage/upload-links.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { BODY_ERRORS, openErrorResponses, WRITE_ERRORS } from '../http/error-responses.ts';
import { readBody } from '../http/read-body.ts';

/** The path under which links of the server's own driver lead. */
export const UPLOADS_PATH = '/uploads/';

const receiveUpload = createRoute({
  operationId: 'receiveUpload',
  method: 'put',
  path: `${UPLOADS_PATH}{token}`,
  tags: ['Uploads'],
  summary: 'Upload a picture by a link of POST /v1/uploads',
  request: {
    params: z.object({ token: z.string().meta({ description: 'The token of the link.' }) }),
    body: {
      required: true,
      content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
    },
  },
  responses: {
    200: { description: 'Stored.', content: { 'application/json': { schema: ReceivedUploadSchema } } },
    ...openErrorResponses(
      ...BODY_ERRORS,
      ...WRITE_ERRORS,
      'upload-refused',
      'upload-link-invalid',
      'upload-link-expired',
      'key-conflict',
      'precondition-failed',
    ),
  },
});

/**
 * The route to which upload links lead.
 * @param open checks a token, and gives what it permits.
 */
export function receiveUploadRoutes({ store }: AppDeps, open: NonNullable<UploadLinks['open']>) {
  const routes = createRoutes();
  routes.openapi(receiveUpload, async (c) => {
    const grant = open(c.req.valid('param').token);
    assertHeaders(c.req.raw.headers, grant);
    const body = await readBody(
      c,
      grant.sizeBytes,
      `The link is for exactly ${grant.sizeBytes} bytes, as POST /v1/uploads was told. Ask there for another link.`,
    );
    if (body.byteLength !== grant.sizeBytes) {
      throw refused(
        `it has ${body.byteLength} bytes, and the link is for ${grant.sizeBytes}`,
        'Content-Length',
      );
    }
    const { key } = grant;
    await store.put(key, body, {
      contentType: grant.contentType,
      ...(grant.mayReplace ? {} : { ifNoneMatch: '*' }),
    });
    return c.json({ object: 'upload.received' as const, key, bytes: body.byteLength }, 200);
  });
  return routes;
}

function assertHeaders(headers: Headers, grant: UploadGrant): void {
  for (const [name, value] of Object.entries(headersOf(grant))) {
    const received = headers.get(name);
    if (received !== value)
      throw refused(
        `the header ${name} is ${received === null ? 'missing' : JSON.stringify(received.slice(0, 80))} instead of "${value}"`,
        name,
      );
  }
}

const refused = (problem: string, param: string) =>
  new FoveaError(
    'upload-refused',
    `The upload does not fit its link: ${problem}. Send the request that POST /v1/uploads described.`,
    { param },
  );

// JSON bodies: limited, strictly UTF-8, checked by a schema, with every problem reported at once.

import type { z } from 'zod';
import { FoveaError } from '../../core/errors.ts';
import { isJson, mediaTypeOf, unsupportedContentType } from './content-type.ts';
import { readBody } from './read-body.ts';
import { toRequestInvalid } from './request-invalid.ts';

/**
 * The body as the schema gives it.
 * @throws {FoveaError} `content-type-unsupported`, `body-too-large`, `json-invalid` or `request-invalid`.
 */
export async function readJsonBody<T extends z.ZodType>(
  request: Request,
  schema: T,
  limitBytes: number,
  advice?: string,
): Promise<z.output<T>> {
  const mediaType = mediaTypeOf(request);
  if (!isJson(mediaType)) throw unsupportedContentType(mediaType, ['application/json']);
  const value = parseJson(await readBody(request, limitBytes, advice));
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw toRequestInvalid(parsed.error, 'The request body', value);
  return parsed.data;
}

/** @throws {FoveaError} `json-invalid`, saying where. */
function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0)
    throw new FoveaError('json-invalid', 'The request body is empty: send a JSON object.');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new FoveaError('json-invalid', 'The request body is not JSON: it is not UTF-8 text.', { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FoveaError('json-invalid', `The request body is not JSON: ${reason}.`, { cause });
  }
}

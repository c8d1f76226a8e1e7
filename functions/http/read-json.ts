// JSON bodies: limited, strictly UTF-8, checked by a schema, with every problem reported at once.

import type { z } from 'zod';
import { FoveaError } from '../../core/errors.ts';
import { beginsAsJson, isJson, isUnlabeled, mediaTypeOf, unsupportedContentType } from './content-type.ts';
import { readBody } from './read-body.ts';
import { toRequestInvalid } from './request-invalid.ts';

/**
 * Longer than any list that a request has use for. A schema looks at every element, and has a problem to tell of each that is
 * wrong: of millions, more than the memory holds.
 */
const LONGEST_LIST = 100_000;

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
  if (!isJson(mediaType) && !isUnlabeled(mediaType))
    throw unsupportedContentType(mediaType, ['application/json']);
  const body = await readBody(request, limitBytes, advice);
  if (!isJson(mediaType) && !beginsAsJson(body))
    throw unsupportedContentType(mediaType, ['application/json']);
  return parseJsonBody(body, schema);
}

/**
 * Bytes as the schema gives them.
 * @throws {FoveaError} `json-invalid` or `request-invalid`.
 */
export function parseJsonBody<T extends z.ZodType>(body: Uint8Array, schema: T): z.output<T> {
  const value = parseJson(body);
  assertLists(value);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw toRequestInvalid(parsed.error, 'The request body', value);
  return parsed.data;
}

/** @throws {FoveaError} `request-invalid` where there is a list, at any depth, that is longer than all that are allowed. */
function assertLists(body: unknown): void {
  const waiting: unknown[] = [body];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    const children = Array.isArray(value) ? value : Object.values(value);
    if (children.length > LONGEST_LIST) {
      throw new FoveaError(
        'request-invalid',
        `The request body has ${children.length} values side by side; at most ${LONGEST_LIST} are read.`,
        { details: { received: children.length, allowed: LONGEST_LIST } },
      );
    }
    for (const child of children) if (typeof child === 'object') waiting.push(child);
  }
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

// Reads JSON bodies: bounded while they arrive, strictly UTF-8, checked by a schema, with every problem reported at once.

import type { Context } from 'hono';
import type { z } from 'zod';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import { beginsAsJson, isJson, isUnlabeled, mediaTypeOf, unsupportedContentType } from './content-type.ts';
import { createJsonScanner, type JsonBounds } from './json-scanner.ts';
import { openBody } from './open-body.ts';
import { toRequestInvalid } from './request-invalid.ts';

/** More than any request needs: the deepest has 4 levels, and the longest list holds the labels of a model. */
const BOUNDS: JsonBounds = { depth: 64, values: 100_000 };

/** A body, and whether it is JSON. */
export interface BodyOfTwoKinds {
  readonly bytes: Uint8Array;
  /** Whether the Content-Type says that it is JSON, or says nothing and the body begins as JSON does. */
  readonly isJson: boolean;
}

/**
 * The body as the schema gives it.
 * @param ifEmpty the value of a request without a body. Default: such a request is refused.
 * @throws {FoveaError} `content-type-unsupported`, `json-invalid` or `request-invalid`; what {@link openBody} throws.
 */
export async function readJsonBody<T extends z.ZodType>(
  c: Context<AppEnv>,
  schema: T,
  limitBytes: number,
  ifEmpty?: z.input<T>,
): Promise<z.output<T>> {
  const mediaType = mediaTypeOf(c.req.raw);
  const unsupported = () => unsupportedContentType(mediaType, ['application/json']);
  if (!isJson(mediaType) && !isUnlabeled(mediaType)) throw unsupported();
  const body = await readBodyOfTwoKinds(c, limitBytes);
  if (body.bytes.byteLength === 0 && ifEmpty !== undefined) return schema.parse(ifEmpty);
  if (!body.isJson) throw unsupported();
  return parseJsonBody(body.bytes, schema);
}

/**
 * Reads a body that may be JSON or not; {@link parseJsonBody} parses it.
 * @param advice says what to do about a body that is too large.
 * @throws {FoveaError} `request-invalid` as soon as JSON exceeds its bounds; what {@link openBody} throws.
 */
export async function readBodyOfTwoKinds(
  c: Context<AppEnv>,
  limitBytes: number,
  advice?: string,
): Promise<BodyOfTwoKinds> {
  const mediaType = mediaTypeOf(c.req.raw);
  const scan = createJsonScanner(BOUNDS);
  const chunks: Uint8Array[] = [];
  let isScanned = isJson(mediaType);
  for await (const chunk of openBody(c, limitBytes, advice)) {
    if (chunks.length === 0) isScanned ||= isUnlabeled(mediaType) && beginsAsJson(chunk);
    if (isScanned) scan(chunk);
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks), isJson: isScanned };
}

/**
 * Parses bytes as JSON and checks them by a schema.
 * @throws {FoveaError} `json-invalid` or `request-invalid`.
 */
export function parseJsonBody<T extends z.ZodType>(bytes: Uint8Array, schema: T): z.output<T> {
  const value = parseJson(bytes);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw toRequestInvalid(parsed.error, 'The request body', value, schema);
  return parsed.data;
}

/** Refuses `__proto__`: no schema sees this key, and objects lose it where they are copied. */
function refuseProto(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value;
  throw new FoveaError(
    'request-invalid',
    'The request body has the key "__proto__", which no object of it may have. Give it another name.',
    { param: key },
  );
}

/** @throws {FoveaError} `json-invalid`, saying where; `request-invalid` for a key that cannot be kept. */
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
    return JSON.parse(text, refuseProto);
  } catch (cause) {
    if (cause instanceof FoveaError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FoveaError('json-invalid', `The request body is not JSON: ${reason}.`, { cause });
  }
}

// The pictures of a prediction request, in whichever of the four ways they come: raw bytes, a multipart form, or in JSON
// base64 or keys of uploads. What the bytes are is found out by the decoder, never by a header.

import { setImmediate } from 'node:timers/promises';
import type { Context } from 'hono';
import { PredictJsonSchema } from '../../api/prediction.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Limits } from '../deps/limits.ts';
import { isBytes, isJson, isUnlabeled, mediaTypeOf, unsupportedContentType } from './content-type.ts';
import { decodeBase64 } from './decode-base64.ts';
import { openBody } from './open-body.ts';
import { type Form, readForm } from './read-form.ts';
import { parseJsonBody, readBodyOfTwoKinds } from './read-json.ts';
import { readUploads } from './read-uploads.ts';

export interface RequestImage {
  /** File name, where the request gave one. */
  readonly file: string | null;
  /** Of the picture; or why there are none. */
  readonly content: Uint8Array | FoveaError;
}

export interface RequestImages {
  readonly images: readonly RequestImage[];
  /** Whether the request asks for a list of answers, even if for a list of one. */
  readonly isList: boolean;
  /** Of a form, beside its pictures. */
  readonly fields: Form['fields'];
}

const ALLOWED = [
  'the bytes of a picture as image/* or application/octet-stream',
  'multipart/form-data with one or more files',
  'application/json with "image" or "images" as base64, or "image_key" or "image_keys" of uploads',
];

/** For bodies that are too large. */
const ADVICE =
  'Send fewer pictures in one request, or upload them first (POST /v1/uploads) and predict them by "image_key".';

/**
 * Reads the pictures of a request. One that cannot be had is its own error, and does not disturb the others.
 * @param store where uploads are.
 * @throws {FoveaError} `body-missing`, `content-type-unsupported`, `multipart-invalid`, `json-invalid`, `request-invalid`,
 *   `too-many-images`, `uploads-too-large`; what {@link openBody} throws.
 */
export async function readImages(
  c: Context<AppEnv>,
  limits: Limits,
  store: ObjectStore,
): Promise<RequestImages> {
  const limitBytes = limits.predictBodyBytes;
  const mediaType = mediaTypeOf(c.req.raw);
  if (mediaType === 'multipart/form-data') return readMultipart(c, limits);
  const unsupported = () => unsupportedContentType(mediaType, ALLOWED);
  if (!isJson(mediaType) && !isBytes(mediaType) && !isUnlabeled(mediaType)) throw unsupported();
  const body = await readBodyOfTwoKinds(c, limitBytes, ADVICE);
  if (body.isJson) return readJson(c, parseJsonBody(body.bytes, PredictJsonSchema), limits, store);
  if (body.bytes.byteLength === 0)
    throw new FoveaError('body-missing', `The request has no body: send ${ALLOWED.join(', ')}.`);
  if (mediaType === 'text/plain') throw unsupported();
  return { images: [{ file: null, content: body.bytes }], isList: false, fields: [] };
}

async function readMultipart(c: Context<AppEnv>, limits: Limits): Promise<RequestImages> {
  const { files, fields } = await readForm(
    openBody(c, limits.predictBodyBytes, ADVICE),
    c.req.header('content-type') ?? '',
    { files: limits.imagesPerRequest, fileBytes: limits.uploadBytes },
  );
  if (files.length === 0) {
    const names = fields.slice(0, 10).map(([name]) => JSON.stringify(name.slice(0, 80)));
    throw new FoveaError(
      'multipart-invalid',
      `The form has no file, only ${names.length === 0 ? 'nothing' : `the fields ${names.join(', ')}`}: send each ` +
        'picture as a part with a file name (curl -F image=@photo.jpg).',
    );
  }
  const images = files.map(({ file, sizeBytes, bytes }) => ({
    file,
    content: bytes ?? imageTooLarge(sizeBytes, limits.uploadBytes),
  }));
  return { images, isList: images.length > 1, fields };
}

async function readJson(
  c: Context<AppEnv>,
  body: (typeof PredictJsonSchema)['_output'],
  limits: Limits,
  store: ObjectStore,
): Promise<RequestImages> {
  const { image, images = [], image_key: key, image_keys: keys = [] } = body;
  const isList = image === undefined && key === undefined;
  const texts = image === undefined ? images : [image];
  const wanted = key === undefined ? keys : [key];
  assertCount(texts.length + wanted.length, limits);
  const param = (name: string) => (index: number) => (isList ? `${name}s.${index}` : name);
  const contents =
    wanted.length > 0
      ? await readUploads(store, wanted, { ...limits, share: c.get('bodyTerms').share }, param('image_key'))
      : await decodeTexts(texts, param('image'), limits.uploadBytes);
  return { images: contents.map((content) => ({ file: null, content })), isList, fields: [] };
}

/** One after another, between which others have their turn: a text of 27 MB takes a moment. */
async function decodeTexts(texts: readonly string[], param: (index: number) => string, limitBytes: number) {
  const contents: (Uint8Array | FoveaError)[] = [];
  for (const [index, text] of texts.entries()) {
    contents.push(decodeBase64(text, param(index), limitBytes));
    await setImmediate();
  }
  return contents;
}

/** @throws {FoveaError} `too-many-images`. */
function assertCount(received: number, { imagesPerRequest: allowed }: Limits): void {
  if (received <= allowed) return;
  throw new FoveaError(
    'too-many-images',
    `The request has ${received} pictures; at most ${allowed} are taken. Send several requests.`,
    { details: { received, allowed } },
  );
}

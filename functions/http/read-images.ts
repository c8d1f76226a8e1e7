// The pictures of a prediction request, in whichever of the four ways they come: raw bytes, a multipart form, or in JSON
// base64 or keys of uploads. What the bytes are is found out by the decoder, never by a header.

import { PredictJsonSchema } from '../../api/prediction.ts';
import { FoveaError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { Limits } from '../limits.ts';
import { isJson, mediaTypeOf, unsupportedContentType } from './content-type.ts';
import { decodeBase64 } from './decode-base64.ts';
import { readBody } from './read-body.ts';
import { readJsonBody } from './read-json.ts';
import { readUploads } from './read-uploads.ts';

export interface RequestImage {
  readonly bytes: Uint8Array;
  /** File name, where the request gave one. */
  readonly file: string | null;
}

export interface RequestImages {
  readonly images: readonly RequestImage[];
  /** Whether the request asks for a list of answers, even if for a list of one. */
  readonly isList: boolean;
}

const ALLOWED = [
  'the bytes of a picture as image/* or application/octet-stream',
  'multipart/form-data with one or more files',
  'application/json with "image" or "images" as base64, or "image_key" or "image_keys" of uploads',
];

/** Of a form, beside its pictures. */
const MOST_FIELDS = 32;
const BOUNDARY = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i;

/** For bodies that are too large. */
const ADVICE =
  'Send fewer pictures in one request, or upload them first (POST /v1/uploads) and predict them by "image_key".';

/**
 * Reads the pictures of a request.
 * @param store where uploads are.
 * @throws {FoveaError} `body-missing`, `body-too-large`, `content-type-unsupported`, `multipart-invalid`,
 *   `json-invalid`, `request-invalid`, `base64-invalid`, `too-many-images`; and what {@link readUploads} throws.
 */
export async function readImages(
  request: Request,
  limits: Limits,
  store: ObjectStore,
): Promise<RequestImages> {
  const found = await readByContentType(request, limits, store);
  assertCount(found.images.length, limits);
  return found;
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

async function readByContentType(
  request: Request,
  limits: Limits,
  store: ObjectStore,
): Promise<RequestImages> {
  const limitBytes = limits.predictBodyBytes;
  const mediaType = mediaTypeOf(request);
  if (mediaType === 'multipart/form-data') return readMultipart(request, limits);
  if (isJson(mediaType)) return readJson(request, limits, store);
  if (!isRaw(mediaType)) throw unsupportedContentType(mediaType, ALLOWED);
  const bytes = await readBody(request, limitBytes, ADVICE);
  if (bytes.byteLength === 0) {
    throw new FoveaError('body-missing', `The request has no body: send ${ALLOWED.join(', ')}.`);
  }
  return { images: [{ bytes, file: null }], isList: false };
}

/** `curl --data-binary @photo.jpg` calls every body a urlencoded form. */
const isRaw = (mediaType: string) =>
  mediaType === '' ||
  mediaType.startsWith('image/') ||
  mediaType === 'application/octet-stream' ||
  mediaType === 'application/x-www-form-urlencoded';

async function readMultipart(request: Request, limits: Limits): Promise<RequestImages> {
  const contentType = request.headers.get('content-type') ?? '';
  const body = await readBody(request, limits.predictBodyBytes, ADVICE);
  assertParts(body, contentType, limits.imagesPerRequest + MOST_FIELDS);
  const form = await parseForm(body, contentType);
  const files = [...form.values()].filter((value) => typeof value !== 'string');
  if (files.length === 0) {
    const fields = [...form.keys()].slice(0, 10).map((key) => JSON.stringify(key.slice(0, 80)));
    throw new FoveaError(
      'multipart-invalid',
      `The form has no file, only ${fields.length === 0 ? 'nothing' : `the fields ${fields.join(', ')}`}: send each ` +
        'picture as a part with a file name (curl -F image=@photo.jpg).',
    );
  }
  const images = await Promise.all(
    files.map(async (file) => ({ bytes: new Uint8Array(await file.arrayBuffer()), file: file.name || null })),
  );
  return { images, isList: images.length > 1 };
}

/** Before the form is taken apart: a body of empty parts would be hundreds of thousands of files. */
function assertParts(body: Uint8Array, contentType: string, allowed: number): void {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const delimiter = `--${quoted ?? plain ?? ''}`;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let parts = 0;
  // The last delimiter ends the form.
  for (let at = bytes.indexOf(delimiter); at >= 0 && parts <= allowed; parts++)
    at = bytes.indexOf(delimiter, at + delimiter.length);
  if (parts <= allowed) return;
  throw new FoveaError(
    'too-many-images',
    `The form has more than ${allowed} parts. Send fewer pictures, in several requests.`,
    { details: { allowed } },
  );
}

async function parseForm(body: Uint8Array, contentType: string): Promise<FormData> {
  try {
    return await new Response(Buffer.from(body), { headers: { 'content-type': contentType } }).formData();
  } catch (cause) {
    throw new FoveaError(
      'multipart-invalid',
      'The body is no multipart form: its parts do not match the boundary that the Content-Type names, or it is cut off.',
      { param: 'Content-Type', cause },
    );
  }
}

async function readJson(request: Request, limits: Limits, store: ObjectStore): Promise<RequestImages> {
  const body = await readJsonBody(request, PredictJsonSchema, limits.predictBodyBytes, ADVICE);
  const { image, images = [], image_key: key, image_keys: keys = [] } = body;
  if (image !== undefined)
    return { images: [{ bytes: decodeBase64(image, 'image'), file: null }], isList: false };
  if (key !== undefined || keys.length > 0) {
    const wanted = key === undefined ? keys : [key];
    assertCount(wanted.length, limits);
    const param = (index: number) => (key === undefined ? `image_keys.${index}` : 'image_key');
    const uploads = await readUploads(store, wanted, limits, param);
    return { images: uploads.map((bytes) => ({ bytes, file: null })), isList: key === undefined };
  }
  assertCount(images.length, limits);
  return {
    images: images.map((text, index) => ({ bytes: decodeBase64(text, `images.${index}`), file: null })),
    isList: true,
  };
}

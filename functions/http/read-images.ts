// Reads the pictures of a prediction request, in whichever of the ways they are sent: raw bytes, a multipart form, or in
// JSON base64, keys of uploads, places in datasets or URLs. The decoder finds out what the bytes are; headers do not decide it.

import { setImmediate } from 'node:timers/promises';
import type { Context } from 'hono';
import { PredictJsonSchema } from '../../api/prediction.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import { present } from '../../core/present.ts';
import type { FetchPicture } from '../../core/remote/fetch-picture.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Limits } from '../deps/limits.ts';
import { isBytes, isJson, isUnlabeled, mediaTypeOf, unsupportedContentType } from './content-type.ts';
import { requireObjects, requirePicturesOf, uploadsAndObjects } from './named-objects.ts';
import { openBody } from './open-body.ts';
import { type Form, readForm } from './read-form.ts';
import { parseJsonBody, readBodyOfTwoKinds } from './read-json.ts';
import { DATASET_FILES, readUploads } from './read-uploads.ts';
import { readUrls } from './read-urls.ts';

/** A picture of the request. */
export interface RequestImage {
  /** File name, where the request gave one. */
  readonly file: string | null;
  /** The bytes of the picture, or the error that explains why there are none. */
  readonly content: Uint8Array | FoveaError;
}

/** Where pictures are that a request only names. */
export interface ImageSources {
  /** Has uploads and datasets. */
  readonly store: ObjectStore;
  /** Absent where URLs are not fetched. */
  readonly fetchPicture: FetchPicture | undefined;
  /** Is aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** The pictures of a request, and what else it says. */
export interface RequestImages {
  readonly images: readonly RequestImage[];
  /** Whether the request asks for a list of answers, which may have one entry. */
  readonly isList: boolean;
  /** The other fields of a form; none where the request is not a form. */
  readonly fields: Form['fields'];
}

const ALLOWED = [
  'the bytes of a picture as image/* or application/octet-stream',
  'multipart/form-data with one or more files',
  'application/json with "image" or "images" as base64, "image_key" or "image_keys" of uploads, "dataset_file" or "dataset_files", or "image_url" or "image_urls"',
];

/** The advice for bodies that are too large. */
const ADVICE =
  'Send fewer pictures in one request, or upload them first (POST /v1/uploads) and predict them by "image_key".';

/**
 * Reads the pictures of a request. A picture that cannot be read has an error in its place and does not disturb the
 * others.
 * @throws {FoveaError} `body-missing`, `content-type-unsupported`, `multipart-invalid`, `json-invalid`,
 * `request-invalid`, `too-many-images`, `uploads-too-large`, `image-url-refused` where no URL is fetched; what {@link openBody} throws.
 */
export async function readImages(
  c: Context<AppEnv>,
  limits: Limits,
  sources: ImageSources,
): Promise<RequestImages> {
  const limitBytes = limits.predictBodyBytes;
  const mediaType = mediaTypeOf(c.req.raw);
  if (mediaType === 'multipart/form-data') return readMultipart(c, limits);
  const unsupported = () => unsupportedContentType(mediaType, ALLOWED);
  if (!isJson(mediaType) && !isBytes(mediaType) && !isUnlabeled(mediaType)) throw unsupported();
  const body = await readBodyOfTwoKinds(c, limitBytes, ADVICE);
  if (body.isJson) return readJson(c, parseJsonBody(body.bytes, PredictJsonSchema), limits, sources);
  if (body.bytes.byteLength === 0)
    throw new FoveaError('body-missing', `The request has no body: send ${ALLOWED.join(', ')}.`);
  if (mediaType === 'text/plain') throw unsupported();
  return { images: [{ file: null, content: body.bytes }], isList: false, fields: [] };
}

async function readMultipart(c: Context<AppEnv>, limits: Limits): Promise<RequestImages> {
  const { files, fields } = await readForm(
    openBody(c, limits.predictBodyBytes, ADVICE),
    present(c.req.header('content-type'), 'a Content-Type of a form'),
    { files: limits.imagesPerRequest, fileBytes: limits.uploadBytes },
  );
  if (files.length === 0) {
    const names = fields.slice(0, 10).map(([name]) => JSON.stringify(name.slice(0, 80)));
    throw new FoveaError(
      'multipart-invalid',
      `The form has ${names.length === 0 ? 'no file and no field' : `no file, only the fields ${names.join(', ')}`}: ` +
        'send each picture as a file (curl -F image=@photo.jpg).',
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
  { store, fetchPicture, signal }: ImageSources,
): Promise<RequestImages> {
  const { image, images = [], image_key: key, image_keys: keys = [] } = body;
  const { dataset_file: file, dataset_files: files = [] } = body;
  const { image_url: url, image_urls: urls = url === undefined ? [] : [url] } = body;
  const isList = [image, key, file, url].every((one) => one === undefined);
  const texts = image === undefined ? images : [image];
  const wanted = key === undefined ? keys : [key];
  const places = file === undefined ? files : [file];
  assertCount(texts.length + wanted.length + places.length + urls.length, limits);
  const param = (name: string) => (index: number) => (isList ? `${name}s.${index}` : name);
  const reading = { ...limits, share: c.get('bodyTerms').share };
  if (places.length > 0) {
    for (const place of places) requirePicturesOf(c, place.split('/')[0]);
    const contents = await readUploads(store, places, reading, param('dataset_file'), DATASET_FILES);
    const named = contents.map((content, i) => ({ file: places[i]?.split('/').at(-1) ?? null, content }));
    return { images: named, isList, fields: [] };
  }
  if (urls.length > 0) {
    const contents = await readUrls(fetchPicture, urls, reading, param('image_url'), signal);
    return { images: contents.map((content) => ({ file: null, content })), isList, fields: [] };
  }
  requireObjects(c, store.url, wanted);
  const contents =
    wanted.length > 0
      ? await readUploads(store, wanted, reading, param('image_key'), uploadsAndObjects(store.url))
      : await decodeTexts(texts, param('image'), limits.uploadBytes);
  return { images: contents.map((content) => ({ file: null, content })), isList, fields: [] };
}

/** Decodes one text after another and lets other requests run in between: a text of 27 MB takes a moment. */
async function decodeTexts(texts: readonly string[], param: (index: number) => string, limitBytes: number) {
  const contents: (Uint8Array | FoveaError)[] = [];
  for (const [index, text] of texts.entries()) {
    contents.push(decodeBase64(text, param(index), limitBytes));
    await setImmediate();
  }
  return contents;
}

/** Bounds the pictures of one request. @throws {FoveaError} `too-many-images`. */
export function assertCount(received: number, { imagesPerRequest: allowed }: Limits): void {
  if (received <= allowed) return;
  throw new FoveaError(
    'too-many-images',
    `The request has ${received} pictures; at most ${allowed} are taken. Send several requests.`,
    { details: { received, allowed } },
  );
}

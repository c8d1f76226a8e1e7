// Reads one line of a JSONL file that lists pictures, in Fovea's form or in that of OpenAI's batches.

import { z } from 'zod';
import { FoveaError } from '../errors/errors.ts';
import { decodeBase64 } from '../image/decode-base64.ts';
import { DEFAULT_IMAGE_LIMITS } from '../image/image-limits.ts';
import { toInputKey } from './input-key.ts';
import type { InputPicture } from './input-picture.ts';

const CUSTOM_ID_MAX_LENGTH = 512;
const customId = z.string().min(1).max(CUSTOM_ID_MAX_LENGTH);
const PlainSchema = z.strictObject({ key: z.string().min(1), custom_id: customId.optional() });
const inline = z.string().min(1);
const RequestSchema = z.strictObject({
  custom_id: customId,
  method: z.literal('POST'),
  url: z.string(),
  body: z
    .strictObject({
      image_key: z.string().min(1).optional(),
      image: inline.optional(),
      image_url: z.union([inline, z.strictObject({ url: inline, detail: z.string().optional() })]).optional(),
      model: z.string().optional(),
    })
    .refine(
      ({ image_key, image, image_url }) =>
        [image_key, image, image_url].filter((one) => one !== undefined).length === 1,
      { message: 'give one of image_key, image (base64) and image_url (a data: URL)' },
    ),
});
type RequestBody = z.infer<typeof RequestSchema>['body'];

/** What lines may name. */
export interface ParseLineOptions {
  readonly storeUrl: string;
  /** The address that every line in OpenAI's form must have; null where the request has none. */
  readonly endpoint: string | null;
  /** Default: they may be named. */
  readonly mayReadDatasets?: boolean | undefined;
}

/** What a line asks to be predicted. */
export interface LinePicture extends InputPicture {
  /** Whether the line itself holds it; its key is empty then. */
  readonly isInline?: boolean;
}

/**
 * The picture of a line. One whose key names nothing that may be read has the problem in its place: it is an error of its own.
 * @returns the picture, or what is wrong with the line, as a clause.
 */
export function parseInputLine(
  text: string,
  { storeUrl, endpoint, mayReadDatasets }: ParseLineOptions,
): LinePicture | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'it is not JSON' };
  }
  const isRequest = typeof json === 'object' && json !== null && 'body' in json;
  const parsed = isRequest ? RequestSchema.safeParse(json) : PlainSchema.safeParse(json);
  if (!parsed.success)
    return {
      problem: parsed.error.issues
        .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
        .join(', '),
    };
  const { data } = parsed;
  if ('body' in data) {
    const problem = problemOf(data.url, data.body, endpoint);
    if (problem !== undefined) return { problem };
    if (data.body.image_key === undefined) return { key: '', customId: data.custom_id, isInline: true };
  }
  const named = 'body' in data ? (data.body.image_key ?? '') : data.key;
  const found = toInputKey(storeUrl, named, mayReadDatasets);
  const known = { customId: data.custom_id ?? null };
  return 'key' in found
    ? { key: found.key, ...known }
    : { key: named, ...known, problem: { code: 'image-key-invalid', message: found.problem } };
}

function problemOf(url: string, { model }: RequestBody, endpoint: string | null): string | undefined {
  if (endpoint === null)
    return `its url ${JSON.stringify(url)} is not the endpoint of the batch, which has none`;
  if (url !== endpoint)
    return `its url ${JSON.stringify(url)} is not the endpoint of the batch, ${JSON.stringify(endpoint)}`;
  const named = decodeURIComponent(endpoint.split('/')[3] ?? '');
  if (model !== undefined && model !== named)
    return `its model ${JSON.stringify(model)} is not that of the endpoint, ${JSON.stringify(named)}`;
  return undefined;
}

/** The bytes of the picture that a line holds, or why there are none. The line was one that {@link parseInputLine} takes. */
export function pictureInLine(text: string): Uint8Array | FoveaError {
  let body: RequestBody;
  try {
    body = RequestSchema.parse(JSON.parse(text)).body;
  } catch (cause) {
    return new FoveaError(
      'picture-not-found',
      'The line of the file holds no picture: it is not the request that it was when the batch was made. Send the file again, and make another batch.',
      { cause },
    );
  }
  const { image, image_url: url } = body;
  const [param, encoded] = image === undefined ? ['image_url', url] : ['image', image];
  return decodeBase64(
    (typeof encoded === 'object' ? encoded.url : encoded) ?? '',
    `body.${param}`,
    DEFAULT_IMAGE_LIMITS.maxBytes,
  );
}

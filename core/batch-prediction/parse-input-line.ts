// Reads one line of a JSONL file that lists pictures, in Fovea's form or in that of OpenAI's batches.

import { z } from 'zod';
import { toInputKey } from './input-key.ts';
import type { InputPicture } from './input-picture.ts';

const CUSTOM_ID_MAX_LENGTH = 512;
const customId = z.string().min(1).max(CUSTOM_ID_MAX_LENGTH);
const PlainSchema = z.strictObject({ key: z.string().min(1), custom_id: customId.optional() });
const RequestSchema = z.strictObject({
  custom_id: customId,
  method: z.literal('POST'),
  url: z.string(),
  body: z.strictObject({ image_key: z.string().min(1) }),
});

/** What lines may name. */
export interface ParseLineOptions {
  readonly storeUrl: string;
  /** The address that every line in OpenAI's form must have; null where the request has none. */
  readonly endpoint: string | null;
  /** Default: they may be named. */
  readonly mayReadDatasets?: boolean | undefined;
}

/**
 * The picture of a line. One whose key names nothing that may be read has the problem in its place: it is an error of its own.
 * @returns the picture, or what is wrong with the line, as a clause.
 */
export function parseInputLine(
  text: string,
  { storeUrl, endpoint, mayReadDatasets }: ParseLineOptions,
): InputPicture | { readonly problem: string } {
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
  if ('body' in data && data.url !== endpoint)
    return {
      problem: `its url ${JSON.stringify(data.url)} is not the endpoint of the batch${endpoint === null ? ', which has none' : `, ${JSON.stringify(endpoint)}`}`,
    };
  const named = 'body' in data ? data.body.image_key : data.key;
  const found = toInputKey(storeUrl, named, mayReadDatasets);
  const known = { customId: data.custom_id ?? null };
  return 'key' in found
    ? { key: found.key, ...known }
    : { key: named, ...known, problem: { code: 'image-key-invalid', message: found.problem } };
}

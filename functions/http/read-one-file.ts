// Reads a form with one file and a few fields.

import type { Context } from 'hono';
import { present } from '../../core/present.ts';
import type { AppEnv } from '../deps/deps.ts';
import { mediaTypeOf, unsupportedContentType } from './content-type.ts';
import { formInvalid } from './form-errors.ts';
import { openBody } from './open-body.ts';
import { readForm } from './read-form.ts';

const FORM = 'multipart/form-data';

/** A file of a form, and the form's other fields. */
export interface OneFile {
  /** As the client calls it; null where it does not. */
  readonly filename: string | null;
  readonly bytes: Uint8Array;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * The one file of a form.
 * @param field name of its field.
 * @param limitBytes of the whole form.
 * @param advice says what to do about a form that is too large.
 * @throws {FoveaError} `content-type-unsupported`, `multipart-invalid`, `too-many-images`; what reading the body throws.
 */
export async function readOneFile(
  c: Context<AppEnv>,
  field: string,
  limitBytes: number,
  advice: string,
): Promise<OneFile> {
  const mediaType = mediaTypeOf(c.req.raw);
  if (mediaType !== FORM)
    throw unsupportedContentType(mediaType, [`${FORM} with a file in the field "${field}"`]);
  const form = await readForm(
    openBody(c, limitBytes, advice),
    present(c.req.header('content-type'), 'a Content-Type of a form'),
    { files: 1, fileBytes: limitBytes, fileNames: new Set([field]) },
  );
  const [sent] = form.files;
  if (sent?.name !== field || sent.bytes === undefined)
    throw formInvalid(`it has no file in a field with the name "${field}"`, field);
  return { filename: sent.file, bytes: sent.bytes, fields: Object.fromEntries(form.fields) };
}

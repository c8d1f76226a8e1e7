// Parses multipart forms while they arrive, within limits: what exceeds a limit is never kept. Knows nothing of pictures.

import { Dicer } from '@fastify/busboy';
import { parse } from 'content-disposition';
import { FoveaError } from '../../core/errors/errors.ts';
import { present } from '../../core/present.ts';
import { formInvalid, notAForm } from './form-errors.ts';
import { type FormLimits, FormPart } from './form-part.ts';
import { toText } from './part-header.ts';

/** An uploaded file and the field that it was sent as. */
export interface FormFile {
  /** Name of the field. */
  readonly name: string;
  /** File name, where the part has one. */
  readonly file: string | null;
  readonly sizeBytes: number;
  /** `undefined` where the file is larger than the limit. */
  readonly bytes: Uint8Array | undefined;
}

/** A form's files and its other fields. */
export interface Form {
  /** In the order of the form. */
  readonly files: readonly FormFile[];
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const MOST_FIELDS = 32;
/** RFC 2046 allows 70 characters; the parser can look for no more than 256. */
const LONGEST_BOUNDARY = 200;
/** Bytes that are parsed at a time: few, so that too many parts are noticed before they cost anything. */
const SLICE_BYTES = 16_384;

/**
 * Reads a form.
 * @param contentType the whole header, which names the boundary.
 * @throws {FoveaError} `multipart-invalid`, `too-many-images`; what reading the body throws.
 */
export async function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  limits: FormLimits,
): Promise<Form> {
  const parser = new Dicer({ boundary: boundaryOf(contentType) });
  const parts: FormPart[] = [];
  const ends: Promise<void>[] = [];
  let failure: FoveaError | undefined;
  let isOver = false;
  parser.on('part', (stream) => {
    if (failure === undefined && parts.length < limits.files + MOST_FIELDS) {
      const part = new FormPart(limits);
      parts.push(part);
      const refuse = (error: FoveaError) => {
        failure ??= error;
      };
      ends.push(part.read(stream).catch(refuse));
    } else {
      failure ??= tooManyParts(limits);
      stream.on('error', () => undefined).resume();
    }
  });
  const over = new Promise<void>((resolve, reject) => {
    parser.on('finish', resolve).on('error', (cause) => reject(notAForm(cause)));
  }).finally(() => {
    isOver = true;
  });
  // It is awaited below, or never where the body fails.
  over.catch(() => undefined);

  for await (const chunk of body) {
    for (let at = 0; at < chunk.length && !isOver; at += SLICE_BYTES) {
      const slice = Buffer.from(
        chunk.buffer,
        chunk.byteOffset + at,
        Math.min(SLICE_BYTES, chunk.length - at),
      );
      await Promise.race([new Promise((resolve) => parser.write(slice, resolve)), over]);
      if (failure !== undefined) throw failure;
    }
  }
  if (!isOver) parser.end();
  await over;
  await Promise.all(ends);
  if (failure !== undefined) throw failure;
  return toForm(parts, limits);
}

function toForm(parts: readonly FormPart[], limits: FormLimits): Form {
  const files = parts.filter((part) => part.isFile);
  if (files.length > limits.files || parts.length - files.length > MOST_FIELDS) throw tooManyParts(limits);
  return {
    files: files.map(({ header, sizeBytes, content, isTooLarge }) => ({
      name: present(header, 'a header of a file').name,
      file: header?.file || null,
      sizeBytes,
      bytes: isTooLarge ? undefined : content,
    })),
    fields: parts
      .filter((part) => !part.isFile)
      .map(({ header, content }) => [present(header, 'a header of a field').name, toText(content)] as const),
  };
}

/** @throws {FoveaError} `multipart-invalid`. */
function boundaryOf(contentType: string): string {
  const { boundary = '' } = parse(contentType).parameters;
  if (boundary === '') throw formInvalid('the Content-Type names no boundary', 'Content-Type');
  if (boundary.length > LONGEST_BOUNDARY)
    throw formInvalid(`its boundary has more than ${LONGEST_BOUNDARY} characters`, 'Content-Type');
  // Programs on the way may choose another of two boundaries, and see another form.
  if (contentType.match(/;\s*boundary\s*=/gi)?.length !== 1)
    throw formInvalid('the Content-Type names several boundaries', 'Content-Type');
  return boundary;
}

const tooManyParts = ({ files }: FormLimits) =>
  new FoveaError(
    'too-many-images',
    `The form has too many parts: at most ${files} pictures and ${MOST_FIELDS} fields are taken. Send several requests.`,
    { details: { allowed: files } },
  );

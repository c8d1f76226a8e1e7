// Multipart forms, taken apart while they come in and within limits: what is too much is never kept. Knows nothing of
// pictures.

import { Dicer } from '@fastify/busboy';
import { parse } from 'content-disposition';
import { FoveaError } from '../../core/errors.ts';
import { type PartHeader, type RawPartHeader, readPartHeader, toText } from './part-header.ts';

export interface FormLimits {
  readonly files: number;
  /** Of one file; the bytes of a larger one are dropped. */
  readonly fileBytes: number;
}

export interface FormFile {
  /** Of the field. */
  readonly name: string;
  /** File name, where the part has one. */
  readonly file: string | null;
  readonly sizeBytes: number;
  /** `undefined` where the file is larger than the limit. */
  readonly bytes: Uint8Array | undefined;
}

export interface Form {
  /** In the order of the form. */
  readonly files: readonly FormFile[];
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const MOST_FIELDS = 32;
const LONGEST_FIELD_BYTES = 4096;
/** Of all lines above one part. */
const LARGEST_HEADER_BYTES = 16_384;
/** RFC 2046 has 70; the parser can look for no more than 256. */
const LONGEST_BOUNDARY = 200;
/** So few bytes are taken apart at a time that too many parts are noticed before they cost anything. */
const SLICE_BYTES = 16_384;

/**
 * The parts of a form.
 * @param contentType the whole header, which names the boundary.
 * @throws {FoveaError} `multipart-invalid`, `too-many-images`; what reading the body throws.
 */
export async function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  limits: FormLimits,
): Promise<Form> {
  const parser = new Dicer({ boundary: boundaryOf(contentType) });
  const parts: Part[] = [];
  const ends: Promise<void>[] = [];
  let failure: FoveaError | undefined;
  let isOver = false;
  parser.on('part', (stream) => {
    if (failure === undefined && parts.length < limits.files + MOST_FIELDS) {
      const part = new Part(limits);
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
  // Awaited below, after a failure of the body perhaps never.
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

/** What comes between two boundaries. */
class Part {
  header: PartHeader | undefined;
  sizeBytes = 0;
  readonly chunks: Buffer[] = [];
  readonly #limits: FormLimits;

  constructor(limits: FormLimits) {
    this.#limits = limits;
  }

  get isFile(): boolean {
    return this.header?.file !== undefined;
  }

  get isTooLarge(): boolean {
    return this.sizeBytes > (this.isFile ? this.#limits.fileBytes : LONGEST_FIELD_BYTES);
  }

  /** @throws {FoveaError} `multipart-invalid`. */
  read(stream: Dicer.PartStream): Promise<void> {
    return new Promise((resolve, reject) => {
      stream.on('header', (raw: object) => {
        const header = raw as RawPartHeader;
        if (sizeOf(header) > LARGEST_HEADER_BYTES)
          reject(invalid(`a part has more than ${LARGEST_HEADER_BYTES} bytes of header`));
        this.header = readPartHeader(header);
      });
      stream.on('data', (chunk: Buffer) => {
        this.sizeBytes += chunk.length;
        if (!this.isTooLarge) this.chunks.push(chunk);
        else if (this.isFile) this.chunks.length = 0;
        else
          reject(invalid(`the field ${quote(this.header?.name)} has more than ${LONGEST_FIELD_BYTES} bytes`));
      });
      stream.on('error', (cause) => reject(notAForm(cause)));
      stream.on('end', () => {
        if (this.header === undefined) reject(invalid('a part has no Content-Disposition'));
        resolve();
      });
    });
  }
}

function toForm(parts: readonly Part[], limits: FormLimits): Form {
  const files = parts.filter((part) => part.isFile);
  if (files.length > limits.files || parts.length - files.length > MOST_FIELDS) throw tooManyParts(limits);
  return {
    files: files.map(({ header, sizeBytes, chunks, isTooLarge }) => ({
      name: header?.name ?? '',
      file: header?.file || null,
      sizeBytes,
      bytes: isTooLarge ? undefined : Buffer.concat(chunks),
    })),
    fields: parts
      .filter((part) => !part.isFile)
      .map(({ header, chunks }) => [header?.name ?? '', toText(Buffer.concat(chunks))] as const),
  };
}

/** @throws {FoveaError} `multipart-invalid`. */
function boundaryOf(contentType: string): string {
  const { boundary = '' } = parse(contentType).parameters;
  if (boundary === '') throw invalid('the Content-Type names no boundary', 'Content-Type');
  if (boundary.length > LONGEST_BOUNDARY)
    throw invalid(`its boundary has more than ${LONGEST_BOUNDARY} characters`, 'Content-Type');
  // Which of two would count, every reader on the way decides for itself.
  if (contentType.match(/;\s*boundary\s*=/gi)?.length !== 1)
    throw invalid('the Content-Type names several boundaries', 'Content-Type');
  return boundary;
}

const sizeOf = (header: RawPartHeader) =>
  Object.entries(header).reduce(
    (sum, [name, values = []]) =>
      sum + values.reduce((lines, value) => lines + name.length + value.length + ': \r\n'.length, 0),
    0,
  );

const SHOWN_CHARACTERS = 80;
const quote = (name = '') => JSON.stringify(name.slice(0, SHOWN_CHARACTERS));

const invalid = (problem: string, param?: string, cause?: unknown) =>
  new FoveaError('multipart-invalid', `The form cannot be read: ${problem}.`, {
    ...(param === undefined ? {} : { param }),
    ...(cause === undefined ? {} : { cause }),
  });

const notAForm = (cause: unknown) =>
  invalid(
    'its parts do not match the boundary that the Content-Type names, or it is cut off',
    'Content-Type',
    cause,
  );

const tooManyParts = ({ files }: FormLimits) =>
  new FoveaError(
    'too-many-images',
    `The form has too many parts: at most ${files} pictures and ${MOST_FIELDS} fields are taken. Send several requests.`,
    { details: { allowed: files } },
  );

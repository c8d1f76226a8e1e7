// One part of a multipart form while it arrives: its header, and as much of its content as is allowed.

import type { Dicer } from '@fastify/busboy';
import { formInvalid, notAForm } from './form-errors.ts';
import { type PartHeader, type RawPartHeader, readPartHeader } from './part-header.ts';

const LONGEST_FIELD_BYTES = 4096;
/** Bytes of the header of one part, all of its lines together. */
const LARGEST_HEADER_BYTES = 16_384;

/** The limits of a form's files. */
export interface FormLimits {
  /** Most files. */
  readonly files: number;
  /** Most bytes of one file; those of a larger one are dropped. */
  readonly fileBytes: number;
  /** Fields that are files whatever their headers say. */
  readonly fileNames?: ReadonlySet<string> | undefined;
}

/** A part of a form, as RFC 2046 calls what stands between two boundaries: a file or a field. */
export class FormPart {
  header: PartHeader | undefined;
  sizeBytes = 0;
  /** The whole content, once it has arrived; empty where it is too large. */
  content: Buffer = Buffer.alloc(0);
  readonly #chunks: Buffer[] = [];
  readonly #limits: Pick<FormLimits, 'fileBytes' | 'fileNames'>;

  constructor(limits: Pick<FormLimits, 'fileBytes' | 'fileNames'>) {
    this.#limits = limits;
  }

  get isFile(): boolean {
    const { header } = this;
    return (
      header !== undefined && (header.file !== undefined || this.#limits.fileNames?.has(header.name) === true)
    );
  }

  get isTooLarge(): boolean {
    return this.sizeBytes > (this.isFile ? this.#limits.fileBytes : LONGEST_FIELD_BYTES);
  }

  /**
   * Collects the part until it ends. The bytes of a file beyond its limit are dropped and still counted.
   * @throws {FoveaError} `multipart-invalid`.
   */
  read(stream: Dicer.PartStream): Promise<void> {
    return new Promise((resolve, reject) => {
      stream.on('header', (raw: object) => {
        const header = raw as RawPartHeader;
        if (sizeOf(header) > LARGEST_HEADER_BYTES)
          reject(formInvalid(`a part has more than ${LARGEST_HEADER_BYTES} bytes of header`));
        this.header = readPartHeader(header);
      });
      stream.on('data', (chunk: Buffer) => {
        this.sizeBytes += chunk.length;
        if (!this.isTooLarge) this.#chunks.push(chunk);
        else if (this.isFile) this.#chunks.length = 0;
        else
          reject(
            formInvalid(`the field ${quote(this.header?.name)} has more than ${LONGEST_FIELD_BYTES} bytes`),
          );
      });
      stream.on('error', (cause) => reject(notAForm(cause)));
      stream.on('end', () => {
        if (this.header === undefined) reject(formInvalid('a part has no Content-Disposition'));
        // At once: later, all parts of the form would be in memory twice.
        this.content = Buffer.concat(this.#chunks);
        this.#chunks.length = 0;
        resolve();
      });
    });
  }
}

const sizeOf = (header: RawPartHeader) =>
  Object.entries(header).reduce(
    (sum, [name, values = []]) =>
      sum + values.reduce((lines, value) => lines + name.length + value.length + ': \r\n'.length, 0),
    0,
  );

const SHOWN_CHARACTERS = 80;
const quote = (name = '') => JSON.stringify(name.slice(0, SHOWN_CHARACTERS));

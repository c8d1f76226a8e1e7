// Files that arrive in several requests: a record, and the parts beside it. What is not completed in time is deleted. Knows no HTTP.

import { z } from 'zod';
import { FoveaError } from '../errors/errors.ts';
import { idDigits } from '../id-digits.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { listParts, type ObjectPart, sizeOfParts } from '../storage/object-parts.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { FILE_PURPOSES } from './file-record.ts';

/** How long an upload may take, in seconds; as OpenAI limits it. */
export const PART_UPLOAD_SECONDS = 3600;
/** Bytes of one part at most; as OpenAI limits it. */
export const MOST_PART_BYTES = 64 * 1024 * 1024;
const MOST_PARTS = 1000;
/** Parts that were sent twice, since their answers were lost, count as well. */
const SPARE = 2;
const RANDOM_BYTES = 16;

const PartUploadSchema = z.object({
  id: z.string(),
  purpose: z.enum(FILE_PURPOSES),
  filename: z.string(),
  /** Bytes of the whole file. */
  bytes: z.number().int().positive(),
  /** Seconds after which the file is gone; null leaves it to the purpose. */
  expiresAfter: z.number().int().nullable(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  /** Unix seconds, until which parts are taken. */
  expiresAt: z.number().int(),
  status: z.enum(['pending', 'completed', 'cancelled']),
  /** The file that was made of it; null before. */
  fileId: z.string().nullable(),
  /** Name of the API key that began it; absent where the server requires none. */
  createdBy: z.string().optional(),
});
/** An upload in parts. */
export type PartUpload = z.infer<typeof PartUploadSchema>;
const PART_UPLOAD = { ...FORMATS.partUpload, schema: PartUploadSchema };

/** What a client says of the file that it is going to send. */
export type NewPartUpload = Pick<PartUpload, 'purpose' | 'filename' | 'bytes' | 'expiresAfter' | 'createdBy'>;

/** The uploads in parts of a store. */
export interface PartUploads {
  /** @param id no other upload has it. */
  create(id: string, upload: NewPartUpload): Promise<PartUpload>;
  get(id: string): Promise<PartUpload | undefined>;
  /** Whether it is too late for parts. */
  isExpired(upload: PartUpload): boolean;
  /**
   * Keeps a part. Where there is one of the same id, it stays as it is.
   * @param digits hexadecimal digits that its id is made of. Default: random ones.
   * @returns its id.
   * @throws {FoveaError} `upload-parts-invalid` where the parts are more than the file can need.
   */
  addPart(upload: PartUpload, bytes: Uint8Array, digits?: string): Promise<string>;
  /** The parts of the ids, in their order. @throws {FoveaError} `upload-parts-invalid` where they are not the whole file. */
  parts(upload: PartUpload, partIds: readonly string[]): Promise<ObjectPart[]>;
  /**
   * Ends an upload that is pending, and erases its parts.
   * @param fileId the file that was made of it; null where it is cancelled.
   * @returns its record, which another end may have written before.
   */
  end(id: string, fileId: string | null): Promise<PartUpload>;
}

/** Opens the uploads in parts of a store. @param now Unix milliseconds. */
export function createPartUploads({
  store,
  now,
}: {
  readonly store: ObjectStore;
  readonly now: () => number;
}): PartUploads {
  const partsOf = ({ id }: PartUpload) => listParts(store, keys.uploadParts(id));

  return {
    async create(id, upload) {
      const createdAt = Math.floor(now() / 1000);
      const record: PartUpload = {
        ...upload,
        id,
        createdAt,
        expiresAt: createdAt + PART_UPLOAD_SECONDS,
        status: 'pending',
        fileId: null,
      };
      await createJson(store, keys.partUploadRecord(id), PART_UPLOAD, record);
      return record;
    },
    get: async (id) => (await readJson(store, keys.partUploadRecord(id), PART_UPLOAD))?.value,
    isExpired: ({ expiresAt }) => expiresAt * 1000 <= now(),
    async addPart(upload, bytes, digits) {
      const partId = `part_${idDigits(RANDOM_BYTES, digits)}`;
      const parts = await partsOf(upload);
      if (parts.some(({ key }) => key === keys.uploadPart(upload.id, partId))) return partId;
      if (parts.length >= MOST_PARTS)
        throw partsInvalid(`it has ${MOST_PARTS} parts already. Send larger ones`, 'upload_id');
      if (sizeOfParts(parts) + bytes.byteLength > SPARE * upload.bytes)
        throw partsInvalid(
          `its parts have more than ${SPARE} times the ${upload.bytes} bytes of the file`,
          'data',
        );
      await store.put(keys.uploadPart(upload.id, partId), bytes, { ifNoneMatch: '*' });
      return partId;
    },
    async parts(upload, partIds) {
      const sizes = new Map((await partsOf(upload)).map(({ key, sizeBytes }) => [key, sizeBytes]));
      const parts = partIds.map((partId): ObjectPart => {
        const key = keys.uploadPart(upload.id, partId);
        const sizeBytes = sizes.get(key);
        if (sizeBytes === undefined)
          throw partsInvalid(`it has no part ${JSON.stringify(partId)}`, 'part_ids');
        return { key, sizeBytes };
      });
      const sum = sizeOfParts(parts);
      if (sum !== upload.bytes)
        throw partsInvalid(
          `its parts have ${sum} bytes together, and the file was announced with ${upload.bytes}`,
          'part_ids',
        );
      return parts;
    },
    async end(id, fileId) {
      const { value } = await updateJson(store, keys.partUploadRecord(id), PART_UPLOAD, (upload) =>
        upload.status === 'pending'
          ? { ...upload, status: fileId === null ? ('cancelled' as const) : ('completed' as const), fileId }
          : undefined,
      );
      await store.eraseAll(keys.uploadParts(id));
      return value;
    },
  };
}

const partsInvalid = (problem: string, param: string) =>
  new FoveaError('upload-parts-invalid', `The upload does not make up a file: ${problem}.`, { param });

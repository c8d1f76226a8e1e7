// Which pictures a batch prediction has: chunks of lines in the store, written once. Knows neither where the list came from nor what
// a picture shows.

import { z } from 'zod';
import { SPLITS } from '../dataset/split-folder.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const InputPictureSchema = z.object({
  /** Object key of the picture; where a line holds it, what names the file. */
  key: z.string(),
  /** The name that the request gave it; null where it gave none. */
  customId: z.string().nullable(),
  /** Why the picture cannot be read, where that is known beforehand. */
  problem: z.object({ code: z.string(), message: z.string() }).optional(),
  /** First and last byte of the line that holds the picture, in the file of the batch. It counts before `problem`. */
  inline: z.object({ start: z.number().int(), end: z.number().int() }).optional(),
  /** Its label; only of a picture by which a model is judged. */
  label: z.string().optional(),
  /** The split in which the job of the model's version had it; absent where it did not have it. */
  seenIn: z.enum(SPLITS).optional(),
});
/** A picture that is to be predicted. */
export type InputPicture = z.infer<typeof InputPictureSchema>;

/**
 * A picture that a line of the file holds. A trainer that cannot read it there finds a problem that says so.
 * @param range first and last byte of the line.
 */
export const inlinePicture = (
  key: string,
  customId: string | null,
  { start, end }: NonNullable<InputPicture['inline']>,
): InputPicture => ({
  key,
  customId,
  problem: {
    code: 'format-newer',
    message:
      'The picture is in the file of the batch, which this version of the trainer does not read. Upgrade it.',
  },
  inline: { start, end },
});

/** Writes a chunk. Doing it again with the same pictures changes nothing. */
export async function writeInputChunk(
  store: ObjectStore,
  batchId: string,
  chunk: number,
  pictures: readonly InputPicture[],
): Promise<void> {
  await store.put(
    keys.batchInput(batchId, chunk),
    pictures.map((picture) => `${JSON.stringify(picture)}\n`).join(''),
    { contentType: 'application/jsonl' },
  );
}

/** The pictures of a chunk; undefined where there is no such chunk. */
export async function readInputChunk(
  store: ObjectStore,
  batchId: string,
  chunk: number,
): Promise<InputPicture[] | undefined> {
  const object = await store.get(keys.batchInput(batchId, chunk));
  if (object === undefined) return undefined;
  const lines = new TextDecoder().decode(object.body).trimEnd().split('\n');
  return lines.map((line) => InputPictureSchema.parse(JSON.parse(line)));
}

// The picture index of a version: the features of its training pictures, as the served model sees them, by which predictions are explained.
// It names pictures of the dataset, so rows of pictures that are erased leave it; all other files of a version never change.

import { z } from 'zod';
import { FoveaError } from '../errors/errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { parseStored, withFormat } from '../storage/parse-stored.ts';

/** Name of the index's file. */
export const PICTURE_INDEX_FILE = 'pictures.index';

/** Most pictures of an index: their names take some 3 MB. */
const MOST_PICTURES = 20_000;
/** Largest size of its features: a search takes some 20 ms, and a function reads it in less than a second. */
const MOST_FEATURE_BYTES = 16 * 1024 * 1024;
const MAX_BYTE = 127;
/** Bytes before the table, which hold its length. */
const LENGTH_BYTES = 4;

const PictureSchema = z.object({
  /** Path below the dataset's prefix. */
  path: z.string(),
  /** Index into the labels of the version. */
  label: z.number().int().nonnegative(),
  /** sha256 of the bytes, hexadecimal. */
  contentHash: z.string(),
  sizeBytes: z.number().int().nonnegative(),
});
const TABLE = {
  ...FORMATS.pictureIndex,
  schema: z.object({
    /** The dataset's name when the version was made. */
    dataset: z.string(),
    /** Features of a picture. */
    width: z.number().int().positive(),
    /** Pictures that the version was trained on. */
    trainedPictures: z.number().int().nonnegative(),
    pictures: z.array(PictureSchema),
  }),
};

/** A picture of an index. */
export type IndexedPicture = z.infer<typeof PictureSchema>;

/** The pictures and their features. */
export interface PictureIndex extends z.infer<(typeof TABLE)['schema']> {
  /** int8 `[pictures, width]`: each row is the picture's feature, scaled so that its largest value is 127. A cosine does not ask for the scale. */
  readonly features: Int8Array;
}

/** Pictures that an index may have. @param width Features of a picture. */
export const mostPictures = (width: number): number =>
  Math.max(1, Math.min(MOST_PICTURES, Math.floor(MOST_FEATURE_BYTES / width)));

/** Writes a feature into a row of an index: 8 bits a value, which changes a cosine by less than 0.001. */
export function packFeature(feature: Float32Array, row: Int8Array): void {
  let largest = 0;
  for (const value of feature) largest = Math.max(largest, Math.abs(value));
  const scale = largest > 0 ? MAX_BYTE / largest : 0;
  for (let i = 0; i < row.length; i++) row[i] = Math.round((feature[i] ?? 0) * scale);
}

/** The bytes of the file: the length of the table (uint32, little-endian), the table as JSON, and the features. */
export function packPictureIndex({ features, ...table }: PictureIndex): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(withFormat(TABLE, table)));
  const bytes = new Uint8Array(LENGTH_BYTES + json.length + features.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, LENGTH_BYTES);
  bytes.set(
    new Uint8Array(features.buffer, features.byteOffset, features.length),
    LENGTH_BYTES + json.length,
  );
  return bytes;
}

/**
 * Reads the bytes of {@link packPictureIndex}.
 * @param key for messages.
 * @throws {FoveaError} `explanation-unavailable` where they are damaged; `format-newer`.
 */
export function unpackPictureIndex(key: string, bytes: Uint8Array): PictureIndex {
  const length =
    bytes.length < LENGTH_BYTES ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const parsed = parseStored(TABLE, key, bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
  if (!('value' in parsed)) throw damaged(key, parsed.problem);
  const { value: table } = parsed;
  const values = bytes.subarray(LENGTH_BYTES + length);
  if (values.length !== table.pictures.length * table.width)
    throw damaged(key, `it has ${values.length} features for ${table.pictures.length} × ${table.width}`);
  return { ...table, features: new Int8Array(values.buffer, values.byteOffset, values.length) };
}

/** The index without some pictures. */
export function withoutPictures(
  index: PictureIndex,
  isErased: (picture: IndexedPicture) => boolean,
): PictureIndex {
  const { width } = index;
  const kept = index.pictures.flatMap((picture, row) => (isErased(picture) ? [] : [row]));
  const features = new Int8Array(kept.length * width);
  for (const [at, row] of kept.entries())
    features.set(index.features.subarray(row * width, (row + 1) * width), at * width);
  return { ...index, pictures: kept.flatMap((row) => index.pictures[row] ?? []), features };
}

/** A picture of an index, and how alike it is. */
export interface NearPicture extends IndexedPicture {
  /** Cosine of the features, -1 to 1. */
  readonly similarity: number;
}

/** The pictures whose features have the largest cosine with a feature, the most alike first; equal ones in the order of the index. */
export function nearestPictures(
  { pictures, features, width }: PictureIndex,
  feature: Float32Array,
  count: number,
): NearPicture[] {
  const norm = Math.sqrt(feature.reduce((sum, value) => sum + value * value, 0));
  const found: { row: number; similarity: number }[] = [];
  for (let row = 0; row < pictures.length; row++) {
    let product = 0;
    let square = 0;
    for (let i = 0, at = row * width; i < width; i++, at++) {
      const value = features[at] as number;
      product += value * (feature[i] as number);
      square += value * value;
    }
    const length = norm * Math.sqrt(square);
    const similarity = length > 0 ? Math.max(-1, Math.min(1, product / length)) : 0;
    const worst = found.at(-1);
    if (found.length === count && worst !== undefined && similarity <= worst.similarity) continue;
    const place = found.findIndex((other) => other.similarity < similarity);
    found.splice(place < 0 ? found.length : place, 0, { row, similarity });
    found.length = Math.min(found.length, count);
  }
  return found.flatMap(({ row, similarity }) => {
    const picture = pictures[row];
    return picture === undefined ? [] : [{ ...picture, similarity }];
  });
}

const damaged = (key: string, problem: string) =>
  new FoveaError(
    'explanation-unavailable',
    `The picture index "${key}" cannot be used: ${problem}. Restore that object from a backup, or train the model again.`,
    { param: 'explain', details: { key } },
  );

// Cuts the pictures of a batch prediction into chunks, and writes them down before anything is predicted: what the batch is about does
// not change when objects come and go.

import type { BatchPrediction } from '../job/record/batch-prediction.ts';
import { keys } from '../storage/keys.ts';
import { inputInvalid } from './input-key.ts';
import type { InputPicture } from './input-picture.ts';
import type { ListedPicture } from './list-input.ts';

/** Pictures of one batch at most. */
export const MOST_PICTURES = 1_000_000;

/** Datasets that a record names at most. */
const MOST_DATASETS = 100;

/** What the pictures are, all together. */
export interface InputPlan extends Pick<BatchPrediction, 'pictures'> {
  /** Mean size of a picture's file; undefined where sizes are not known. */
  readonly meanBytes: number | undefined;
  /** Whether some of them are pictures of datasets. */
  readonly readsDatasets: boolean;
  /** Names of their datasets, sorted; undefined where there are more than {@link MOST_DATASETS}. */
  readonly datasets: readonly string[] | undefined;
}

/**
 * Counts the pictures, and gives them to `write` chunk by chunk.
 * @throws {FoveaError} `batch-input-invalid` where there are none, or more than {@link MOST_PICTURES}; what the listing throws.
 */
export async function planInput(
  listed: AsyncIterable<ListedPicture> | Iterable<ListedPicture>,
  {
    param,
    chunkSize,
    write,
  }: {
    readonly param: string;
    readonly chunkSize: number;
    readonly write?: (chunk: number, pictures: readonly InputPicture[]) => Promise<void>;
  },
): Promise<InputPlan> {
  let pictures = 0;
  const datasets = new Set<string>();
  let sizeBytes: number | undefined = 0;
  let chunk: InputPicture[] = [];
  const flush = async () => {
    const number = Math.ceil(pictures / chunkSize) - 1;
    await write?.(number, chunk);
    chunk = [];
  };
  for await (const { sizeBytes: size, ...picture } of listed) {
    if (pictures === MOST_PICTURES)
      throw inputInvalid(
        `There are more than ${MOST_PICTURES} pictures. Make several batches, by prefixes or files of their own.`,
        param,
      );
    pictures += 1;
    if (picture.problem === undefined && picture.key.startsWith(keys.datasets()))
      datasets.add(picture.key.slice(keys.datasets().length).split('/')[0] ?? '');
    sizeBytes = size === undefined || sizeBytes === undefined ? undefined : sizeBytes + size;
    chunk.push(picture);
    if (chunk.length === chunkSize) await flush();
  }
  if (pictures === 0)
    throw inputInvalid('There are no pictures. Put some there, or name another place.', param);
  if (chunk.length > 0) await flush();
  return {
    pictures,
    readsDatasets: datasets.size > 0,
    datasets: datasets.size > MOST_DATASETS ? undefined : [...datasets].toSorted(),
    meanBytes: sizeBytes === undefined ? undefined : sizeBytes / pictures,
  };
}

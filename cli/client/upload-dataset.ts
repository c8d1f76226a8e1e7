// Imports a dataset through the API, with a progress bar.

import { Presets, SingleBar } from 'cli-progress';
import type { DatasetCalls } from '../../client/datasets.ts';
import type { PictureFile } from '../dataset/collect-pictures.ts';
import { describeError } from '../terminal/describe-error.ts';

/** Concurrent uploads: enough to hide the latency of each. */
const CONCURRENCY = 8;

/**
 * Puts every file into the dataset; files of the same name are replaced.
 * @throws {Error} naming the file that could not be read or stored.
 */
export async function uploadDataset(
  { put }: Pick<DatasetCalls, 'put'>,
  dataset: string,
  files: readonly PictureFile[],
): Promise<void> {
  const bar = new SingleBar(
    { stream: process.stdout, format: 'importing  {bar} {value}/{total} files', barsize: 24 },
    Presets.shades_classic,
  );
  if (process.stdout.isTTY) bar.start(files.length, 0);
  const waiting = files.values();
  const upload = async () => {
    for (const file of waiting) {
      try {
        await put(dataset, file.path, await file.read());
      } catch (cause) {
        throw new Error(`"${file.source}" was not imported: ${describeError(cause)}`, { cause });
      }
      bar.increment();
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, upload));
  } finally {
    bar.stop();
  }
  console.log(`Imported ${files.length} files into the dataset "${dataset}".`);
}

// Writes the sample dataset as files into a folder.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../../core/make-folder.ts';
import { drawSampleDataset, type SampleDatasetOptions } from './draw-sample-dataset.ts';

/**
 * Draws the sample dataset into a folder, which is created where it is missing; files of the same names are replaced.
 *
 * @returns The number of pictures.
 */
export function writeSampleDataset(directory: string, options: SampleDatasetOptions = {}): Promise<number> {
  return drawSampleDataset(async (file, bytes) => {
    const target = path.join(directory, file);
    await makeFolder(path.dirname(target));
    await writeFile(target, bytes);
  }, options);
}

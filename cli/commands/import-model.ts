// `fovea import-model`: imports a weight file of this machine as a model that `fovea start` serves. It works on the data
// folder itself, because the file is on this machine and may be far larger than a request.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AskedFraming } from '../../core/image/model-input.ts';
import { importModel } from '../../core/model/import-model.ts';
import { describePromotion } from '../../core/model/settle-promotion.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { shownStart } from '../terminal/shown-command.ts';
import { type PreprocessingOptions, toPreprocessing } from './preprocessing-options.ts';

/** The options of `fovea import-model`. */
export interface ImportModelOptions extends PreprocessingOptions, AskedFraming {
  readonly data: string;
  /** A weight file, or a folder that has the published one; default: it is downloaded. */
  readonly weights?: string;
  /** Text file with the name of one class on each line. */
  readonly labels: string;
  readonly name?: string;
}

/**
 * Imports a model of the architecture, and prints the command that serves it.
 * @throws {FoveaError} what {@link importModel} throws, or opening the folder.
 */
export async function runImportModel(architecture: string, options: ImportModelOptions): Promise<void> {
  const labels = readLines(await readFile(options.labels, 'utf8'));
  const dataDir = path.resolve(options.data);
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  const { manifest, promotion } = await importModel(
    { store, now: Date.now, ...(await locateWeights(options.weights)) },
    {
      architecture,
      labels,
      model: options.name,
      weightsFile: await weightsFileName(options.weights),
      preprocessing: toPreprocessing(options),
      resize: options.resize,
      crop: options.crop,
    },
  );
  const { model, version, onnx } = manifest;
  console.log(
    `Model "${model}" version ${version}: ${architecture}, ${labels.length} classes, ` +
      `${(onnx.sizeBytes / 1e6).toFixed(1)} MB. Serve it with: ${shownStart({ data: options.data })}`,
  );
  if (!promotion.promoted) console.log(describePromotion(manifest, promotion));
}

/** The lines of a text, without line breaks; the last line may end without one. */
const readLines = (text: string): string[] => text.replace(/\r?\n$/, '').split(/\r?\n/);

const isFolder = async (location: string) => (await stat(location)).isDirectory();

async function locateWeights(location: string | undefined): Promise<{ weightsDir?: string }> {
  if (location === undefined) return {};
  return { weightsDir: path.resolve((await isFolder(location)) ? location : path.dirname(location)) };
}

async function weightsFileName(location: string | undefined): Promise<string | undefined> {
  return location === undefined || (await isFolder(location)) ? undefined : path.basename(location);
}

// `fovea import-model`: a weight file of this machine becomes a model that `fovea start` serves. Works on the data folder
// itself, as the file is here and may be far larger than a request.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { importModel } from '../../core/model/import-model.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { shownStart } from '../terminal/shown-command.ts';

export interface ImportModelOptions {
  readonly data: string;
  /** A weight file, or a folder that has the published one; left out, it is downloaded. */
  readonly weights?: string;
  /** Text file with the name of a class on every line. */
  readonly labels: string;
  readonly name?: string;
}

export async function runImportModel(architecture: string, options: ImportModelOptions): Promise<void> {
  const labels = readLines(await readFile(options.labels, 'utf8'));
  const dataDir = path.resolve(options.data);
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  const manifest = await importModel(
    { store, now: Date.now, ...(await locateWeights(options.weights)) },
    { architecture, labels, model: options.name, weightsFile: await weightsFileName(options.weights) },
  );
  const { model, version, onnx } = manifest;
  console.log(
    `Model "${model}" version ${version}: ${architecture}, ${labels.length} classes, ` +
      `${(onnx.sizeBytes / 1e6).toFixed(1)} MB. Serve it with: ${shownStart({ data: options.data })}`,
  );
}

/** Lines without their ends; the last one may have none. */
const readLines = (text: string): string[] => text.replace(/\r?\n$/, '').split(/\r?\n/);

const isFolder = async (location: string) => (await stat(location)).isDirectory();

async function locateWeights(location: string | undefined): Promise<{ weightsDir?: string }> {
  if (location === undefined) return {};
  return { weightsDir: path.resolve((await isFolder(location)) ? location : path.dirname(location)) };
}

async function weightsFileName(location: string | undefined): Promise<string | undefined> {
  return location === undefined || (await isFolder(location)) ? undefined : path.basename(location);
}

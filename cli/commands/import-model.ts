// `fovea import-model`: makes a model of a classifier that is trained already, one of the architectures with its published weights or
// the files of an export. It works on the data folder itself, because files of this machine may be far larger than a request.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AskedSettings } from '../../core/classifier/asked-settings.ts';
import { filesBeside, filesOfBytes, filesOfFolder } from '../../core/classifier/classifier-files.ts';
import { importClassifier } from '../../core/classifier/import-classifier.ts';
import { decodeLabels, parseLabelLines } from '../../core/classifier/read-labels.ts';
import { describePreprocessing, describeResize } from '../../core/image/model-input.ts';
import { type ImportedModel, importModel } from '../../core/model/import-model.ts';
import { describePromotion } from '../../core/model/settle-promotion.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { shownStart } from '../terminal/shown-command.ts';
import { toUserPath } from '../terminal/user-path.ts';
import { type PreprocessingOptions, toPreprocessing } from './preprocessing-options.ts';

/** The options of `fovea import-model`. */
export interface ImportModelOptions
  extends PreprocessingOptions,
    Omit<AskedSettings, 'labels' | 'preprocessing'> {
  readonly data: string;
  /** A weight file of an architecture, or a folder that has the published one. Default: it is downloaded. */
  readonly weights?: string;
  /** Text file with the name of one class on each line. */
  readonly labels?: string;
  readonly name?: string;
  /** The name of the backbone to make of files, too. Default: none is made. */
  readonly backbone?: string;
}

/**
 * Imports a model, and prints the command that serves it.
 * @param source An architecture, or a file, folder or zip archive of an export.
 * @throws {FoveaError} what {@link importModel} or {@link importClassifier} throws, or opening the folder.
 */
export async function runImportModel(source: string, options: ImportModelOptions): Promise<void> {
  const store = await openObjectStore(pathToFileURL(path.resolve(options.data)).href);
  const labels =
    options.labels === undefined
      ? undefined
      : parseLabelLines(decodeLabels(await readFile(options.labels), options.labels));
  const file = toUserPath(source);
  const found = await stat(file).catch(() => undefined);
  const { manifest, promotion, lines } =
    found === undefined
      ? await importArchitecture(store, source, labels, options)
      : await importFiles(store, file, found.isDirectory(), labels, options);
  const { model, version, onnx, architecture } = manifest;
  console.log(
    `Model "${model}" version ${version}: ${architecture}, ${manifest.labels.length} classes, ` +
      `${(onnx.sizeBytes / 1e6).toFixed(1)} MB. Serve it with: ${shownStart({ data: options.data })}`,
  );
  for (const line of lines) console.log(line);
  if (!promotion.promoted) console.log(describePromotion(manifest, promotion));
}

interface Imported extends ImportedModel {
  /** What else to print. */
  readonly lines: readonly string[];
}

async function importArchitecture(
  store: ObjectStore,
  architecture: string,
  labels: readonly string[] | undefined,
  options: ImportModelOptions,
): Promise<Imported> {
  // A file that is not there would be told as an unknown architecture.
  if (/[/\\]|\.(onnx|h5|zip|json)$/i.test(architecture))
    throw new UsageError(
      `There is no file or folder "${architecture}". Give an export, or the name of one of Fovea's networks.`,
    );
  if (labels === undefined)
    throw new UsageError(
      'There are no labels. Give a text file with the name of one class on each line: --labels FILE.',
    );
  const imported = await importModel(
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
  return { ...imported, lines: [] };
}

async function importFiles(
  store: ObjectStore,
  file: string,
  isFolder: boolean,
  labels: readonly string[] | undefined,
  options: ImportModelOptions,
): Promise<Imported> {
  const { layout, size, colorOrder, activation, output, resize, crop, backbone: wanted } = options;
  const isArchive = path.extname(file).toLowerCase() === '.zip';
  const files = isFolder
    ? await filesOfFolder(file)
    : isArchive
      ? filesOfBytes(path.basename(file), await readFile(file))
      : await filesBeside(file);
  const { manifest, promotion, facts, backbone } = await importClassifier(
    { store, now: Date.now },
    {
      model: options.name ?? path.parse(file).name,
      files,
      labels,
      preprocessing: toPreprocessing(options),
      ...{ layout, size, colorOrder, activation, output, resize, crop, backbone: wanted },
    },
  );
  const { preprocessing } = manifest.input;
  const lines = [...facts].map(([name, words]) => `  ${name.padEnd(13)} ${words}`);
  return {
    manifest,
    promotion,
    lines: [
      ...lines,
      `  pictures      ${describeResize(manifest.input)}, preprocessing ${describePreprocessing(preprocessing)}`,
      ...(backbone === undefined ? [] : [`Train on its features with a job of "model": "${backbone}"`]),
    ],
  };
}

const isFolder = async (location: string) => (await stat(location)).isDirectory();

async function locateWeights(location: string | undefined): Promise<{ weightsDir?: string }> {
  if (location === undefined) return {};
  return { weightsDir: path.resolve((await isFolder(location)) ? location : path.dirname(location)) };
}

async function weightsFileName(location: string | undefined): Promise<string | undefined> {
  return location === undefined || (await isFolder(location)) ? undefined : path.basename(location);
}

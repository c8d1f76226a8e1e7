// `fovea export-model`: writes a reduced-precision variant of a stored model to a file, with a report of how it differs and the certificate of
// its preprocessing.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { certificateFiles } from '../../core/certificate/certificate-files.ts';
import type { Precision } from '../../core/job/recipe/precision.ts';
import { makeFolder } from '../../core/make-folder.ts';
import { describeOnnx } from '../../core/model/model-files.ts';
import { parseModelReference } from '../../core/model/model-name.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { makeVariant, type VariantReport } from '../../core/predict/model-variant.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { checkEnding, checkTarget } from '../client/make-folder.ts';
import { IMAGE_NAME } from '../dataset/image-name.ts';

/** The options of `fovea export-model`. */
export interface ExportModelOptions {
  readonly data: string;
  readonly precision: Precision;
  /** Folder of pictures like those that the model will predict; subfolders count. */
  readonly pictures: string;
  readonly output: string;
}

/** The ranges of values, by which int8 is calibrated, change little beyond a few hundred pictures. */
const MAX_PICTURES = 600;

/**
 * Writes the variant of a model (`<name>` or `<name>:<version>`) to `output`, and its report and the folder of its certificate beside it.
 * @throws {FoveaError} what {@link makeVariant} throws, or reading the model.
 */
export async function runExportModel(reference: string, options: ExportModelOptions): Promise<void> {
  const { model, version } = parseModelReference(reference);
  checkEnding(options.output, '.onnx');
  await checkTarget(options.output, { example: 'model.onnx' });
  const store = await openObjectStore(pathToFileURL(path.resolve(options.data)).href);
  const pictures = await readPictures(options.pictures);
  const { onnx, report } = await makeVariant(store, {
    model,
    version,
    precision: options.precision,
    pictures,
  });
  await writeFile(options.output, onnx);
  await writeFile(`${options.output}.report.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  await writeCertificate(store, { model, version: report.version, onnx, output: options.output });
  console.log(describe(report, options.output));
}

/** Writes a folder beside the model, with the answer of the variant. */
async function writeCertificate(
  store: ObjectStore,
  of: {
    readonly model: string;
    readonly version: string;
    readonly onnx: Uint8Array;
    readonly output: string;
  },
): Promise<void> {
  const manifest = await readManifest(store, of.model, of.version);
  const file = `../${path.basename(of.output)}`;
  const described = { ...manifest, onnx: describeOnnx(file, of.onnx, manifest.onnx) };
  const folder = `${of.output}.preprocessing`;
  await makeFolder(folder);
  for (const [name, body] of await certificateFiles(described, of.onnx))
    await writeFile(path.join(folder, name), body);
}

/** Reads pictures evenly spread over the folder, so that every class of a dataset has its share. */
async function readPictures(folder: string): Promise<Uint8Array[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && IMAGE_NAME.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const step = Math.max(1, files.length / MAX_PICTURES);
  const chosen = Array.from(
    { length: Math.min(files.length, MAX_PICTURES) },
    (_, i) => files[Math.floor(i * step)],
  );
  return Promise.all(chosen.map((file) => readFile(file as string)));
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

const describe = (
  report: VariantReport,
  output: string,
) => `${output}: ${report.model}:${report.version} in ${report.precision}
  size        ${megabytes(report.sizeBytes)}, was ${megabytes(report.originalSizeBytes)}
  speed       ${report.msPerPicture.toFixed(1)} ms per picture on one thread, was ${report.originalMsPerPicture.toFixed(1)} ms
  same label  ${(100 * report.topOneAgreement).toFixed(1)} % of ${report.pictures} pictures
  difference  of probabilities: at most ${report.maxDifference.toFixed(4)}, ${report.meanDifference.toFixed(4)} on average
  input       ${output}.preprocessing: how a picture becomes the input, and code that does it`;

// Imports a classifier that was trained elsewhere: the files of an export become a version of a model, and where asked a backbone, whose
// jobs train other classes on the same features. Knows no HTTP.

import { randomUUID } from 'node:crypto';
import { toArchitectureName } from '../backbone/backbone.ts';
import { importBackbone } from '../backbone/import-backbone.ts';
import { certificateFiles } from '../certificate/certificate-files.ts';
import { FoveaError } from '../errors/errors.ts';
import {
  type AskedFraming,
  type Framing,
  framingOf,
  inputFormatOf,
  type ModelInput,
  toFraming,
} from '../image/model-input.ts';
import type { PromotePolicy } from '../job/recipe/promote-policy.ts';
import { refuseWhileRenamed } from '../model/change-aliases.ts';
import { claimVersion } from '../model/claim-version.ts';
import type { ImportedModel } from '../model/import-model.ts';
import { type Manifest, ONNX_FILE } from '../model/manifest.ts';
import { companionFiles, describeOnnx } from '../model/model-files.ts';
import { parseModelName } from '../model/model-name.ts';
import { type ServingFacts, withServingFacts } from '../model/serving-facts.ts';
import { publishVersion, settlePromotion } from '../model/settle-promotion.ts';
import { toOnnx } from '../network/onnx/to-onnx.ts';
import { shownCommand } from '../shown-command.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { AskedSettings } from './asked-settings.ts';
import { type ClassifierFiles, isModelFile } from './classifier-files.ts';
import { type ExportHints, readExportHints } from './export-hints.ts';
import { readKerasClassifier } from './read-keras-classifier.ts';
import { readOnnxClassifier } from './read-onnx-classifier.ts';

/** Names of networks that Fovea has only the file of. */
export const IMPORTED_NETWORKS = { onnx: 'onnx', keras: 'keras' } as const;

/** The store and the clock. */
export interface ImportClassifierDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** The files of an export, and what they do not say. */
export interface ImportClassifierRequest extends AskedSettings {
  /** Name of the model to make. */
  readonly model: string;
  readonly files: ClassifierFiles;
  /** Also imports what the last dense layer reads, as a backbone of this name. */
  readonly backbone?: string | undefined;
  /** Whether the version becomes live. Default: `auto`. */
  readonly promote?: PromotePolicy | undefined;
  /** Names the import: the same again makes the same version. Default: random. */
  readonly id?: string | undefined;
}

/** The new version, and how its settings were found. */
export interface ImportedClassifier extends ImportedModel {
  /** Each setting in words, and what told it. */
  readonly facts: ReadonlyMap<string, string>;
  /** By which jobs name the backbone; absent where none was asked for. */
  readonly backbone?: string;
}

/** Bytes of an `.onnx` file at most; protobuf allows no more. */
const MAX_ONNX_BYTES = 2_000_000_000;
/** What both forms of Teachable Machine take: the center of the picture, in values of -1 to 1. */
const KERAS_HINTS: ExportHints = { framing: { resize: 'cover', crop: 1 }, preprocessing: 'tf' };
/** Files of other frameworks, and what to export instead. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [
    /\.tflite$/,
    'a TensorFlow Lite model. In Teachable Machine, export "Tensorflow" as Keras, or "Tensorflow.js"; elsewhere, ONNX',
  ],
  [/\.pb$/, 'a TensorFlow graph. Export ONNX, or convert it: python -m tf2onnx.convert --saved-model FOLDER'],
  [/\.(pt|pth|bin|safetensors|ckpt)$/, 'weights of PyTorch. Export the model with torch.onnx.export'],
  [/\.keras$/, 'a Keras 3 archive. Save the model as model.save("keras_model.h5")'],
  [/\.mlmodel$/, 'a Core ML model. Export ONNX'],
];

/**
 * Commits a version of an exported classifier.
 * @throws {FoveaError} `model-name-invalid`, `model-in-use`; `model-files-invalid`, `model-unsupported`, `model-setting-needed`, `labels-invalid`,
 *   `weights-unreadable`, `weights-mismatch`; of ONNX files and backbones the codes of `importBackbone`.
 */
export async function importClassifier(
  deps: ImportClassifierDeps,
  request: ImportClassifierRequest,
): Promise<ImportedClassifier> {
  const { store, now, signal } = deps;
  const model = parseModelName(request.model, 'name');
  await refuseWhileRenamed(store, model);
  const found = await readExportHints(request.files);
  const file = modelFileOf(request.files.names, found.modelFile);
  const isOnnx = file.endsWith('.onnx');
  const hints = isOnnx ? found : { ...KERAS_HINTS, ...found };
  const read = await (isOnnx ? readOnnx : readKeras)(request, file, hints);
  signal?.throwIfAborted();
  const input: ModelInput = { ...read.input, ...framingFor(request, hints, read.own) };
  const backbone = await importFeatures(deps, request, read, input);
  signal?.throwIfAborted();

  const jobId = `import-${request.id ?? randomUUID()}`;
  const { heatmap, files, own } = read;
  const facts: ServingFacts = {
    labels: [...read.labels],
    input,
    ...(own?.calibration === undefined ? {} : { calibration: own.calibration }),
  };
  const onnx = withServingFacts(read.onnx, facts);
  const manifest: Manifest = {
    formatVersion: inputFormatOf(input),
    model,
    version: await claimVersion(store, model, jobId),
    createdAt: Math.floor(now() / 1000),
    jobId,
    architecture: read.architecture,
    dataset: null,
    ...facts,
    onnx: describeOnnx(ONNX_FILE, onnx, read),
    ...(heatmap === undefined ? {} : { heatmap }),
    metrics: { testAccuracy: null, testCount: 0 },
  };
  const certificate = await certificateFiles(manifest, onnx);
  const all = new Map<string, Uint8Array | string>([[ONNX_FILE, onnx], ...files, ...certificate]);
  await publishVersion(store, manifest, all);
  const promotion = await settlePromotion(store, manifest, { policy: request.promote ?? 'auto', now });
  return { manifest, promotion, facts: read.facts, ...(backbone === undefined ? {} : { backbone }) };
}

/** How pictures are brought to the size: what is asked for, else as Fovea's own file says, else as the files beside the model do. */
function framingFor(asked: AskedFraming, { framing }: ExportHints, own: ServingFacts | undefined): Framing {
  if (own !== undefined && asked.resize === undefined && asked.crop === undefined)
    return framingOf(own.input);
  const { resize = asked.crop === undefined ? framing?.resize : 'cover', crop = framing?.crop } = asked;
  return toFraming({ resize, crop });
}

type Read = Awaited<ReturnType<typeof readOnnx>>;

async function readOnnx(request: ImportClassifierRequest, file: string, hints: ExportHints) {
  const source = await request.files.read(file, MAX_ONNX_BYTES);
  const classifier = await readOnnxClassifier(source, request.files.weightFiles, hints, request);
  return {
    ...classifier,
    architecture: IMPORTED_NETWORKS.onnx as string,
    source,
    heatmap: undefined as Manifest['heatmap'],
    files: new Map() as ReadonlyMap<string, Uint8Array>,
  };
}

/** Keras's layers as a network of ours: with heatmaps and files for browsers, like one that was trained here. */
async function readKeras(request: ImportClassifierRequest, file: string, hints: ExportHints): Promise<Read> {
  const { network, weights } = await readKerasClassifier(request.files, file, hints);
  const source = toOnnx(network, weights);
  // Where the network scales its input itself, its graph tells the values that it takes.
  const { preprocessing, ...others } = hints;
  const scales = network.layers.some(({ type }) => type === 'rescaling');
  const known = scales ? others : { preprocessing, ...others };
  const read = await readOnnxClassifier(source, request.files.weightFiles, known, request);
  const { heatmap, files } = companionFiles(network, weights);
  return { ...read, architecture: IMPORTED_NETWORKS.keras, source, heatmap, files };
}

async function importFeatures(
  { store, now }: ImportClassifierDeps,
  { backbone: name, files }: ImportClassifierRequest,
  { source, features, layout }: Read,
  { height, width, preprocessing, resize, crop }: ModelInput,
): Promise<string | undefined> {
  if (name === undefined) return undefined;
  if (features === undefined)
    throw new FoveaError(
      'model-unsupported',
      'The model cannot become a backbone: the graph does not show a last dense layer, whose input would be the features. Import it with ' +
        `"${shownCommand('import-backbone')}", which takes the name of any value.`,
      { param: 'backbone' },
    );
  const { backbone } = await importBackbone(
    { store, now },
    {
      name,
      onnx: source,
      weightFiles: files.weightFiles,
      layout,
      size: { height, width },
      preprocessing,
      resize,
      crop: crop ?? 1,
      output: features,
    },
  );
  return toArchitectureName(backbone.name);
}

/** @throws {FoveaError} `model-files-invalid` where there is no model, or several. */
function modelFileOf(names: readonly string[], named: string | undefined): string {
  if (named !== undefined && names.includes(named)) return named;
  const found = names.filter(isModelFile);
  if (found.length === 1) return found[0] as string;
  const seen = names.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 80)));
  const other = OTHERS.find(([pattern]) => names.some((name) => pattern.test(name)));
  throw new FoveaError(
    'model-files-invalid',
    `There ${found.length === 0 ? 'is no model' : `are ${found.length} models`} among the files ${seen.join(', ') || '(none)'}. ` +
      (found.length === 0 && other !== undefined ? `There is ${other[1]}. ` : '') +
      'Give one export: an .onnx file with labels.txt; keras_model.h5 with labels.txt; or model.json with its weights and metadata.json.',
    { param: 'file', details: { names: names.slice(0, 50) } },
  );
}

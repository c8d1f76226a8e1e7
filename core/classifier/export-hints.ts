// Reads what the files beside a model say of its labels and its input, in the formats of the services that export them: Teachable
// Machine's metadata.json, Custom Vision's manifest and properties, Roboflow's environment and inference configuration. A service that
// writes other files is added here. Knows no graphs.

import { FoveaError } from '../errors/errors.ts';
import type { Preprocessing, RESIZES } from '../image/model-input.ts';
import { asList, asObject } from '../network/keras/topology.ts';
import type { ColorOrder, FinalActivation } from '../network/onnx/classifier-ends.ts';
import type { ClassifierFiles } from './classifier-files.ts';
import { decodeLabels, parseLabelLines, parseLabelMap } from './read-labels.ts';

/** What is known of an export; whatever is not said is absent. */
export interface ExportHints {
  readonly labels?: readonly string[] | undefined;
  /** Side of its square pictures. */
  readonly imageSize?: number | undefined;
  readonly size?: { readonly height: number; readonly width: number } | undefined;
  readonly preprocessing?: Preprocessing | undefined;
  readonly colorOrder?: ColorOrder | undefined;
  readonly activation?: FinalActivation | undefined;
  readonly framing?: { readonly resize: (typeof RESIZES)[number]; readonly crop?: number } | undefined;
  /** Name of the model's file, where the files say it. */
  readonly modelFile?: string | undefined;
}

/** Bytes of a text file beside a model at most. */
const MAX_TEXT_BYTES = 8_000_000;

type Json = Readonly<Record<string, unknown>>;

/** Readers of the files that services write, by name. A later file of this order adds to what earlier ones say. */
const READERS: Readonly<Record<string, (json: Json) => ExportHints>> = {
  'metadata.json': readTeachableMetadata,
  'cvexport.manifest': readCustomVisionManifest,
  'metadata_properties.json': readProperties,
  'environment.json': readEnvironment,
  'inference_config.json': readInferenceConfig,
};
/** Text files of labels, one on each line. */
const LABEL_FILES: readonly string[] = ['labels.txt', 'class_names.txt', 'classes.txt'];

/**
 * What the files beside a model say.
 * @throws {FoveaError} `model-files-invalid` for files that are no JSON or too large; `model-unsupported` for a model of another kind.
 */
export async function readExportHints(files: ClassifierFiles): Promise<ExportHints> {
  let hints: ExportHints = {};
  for (const [name, read] of Object.entries(READERS)) {
    if (!files.names.includes(name)) continue;
    hints = { ...hints, ...present(read(asObject(await readJsonFile(files, name, MAX_TEXT_BYTES)) ?? {})) };
  }
  const labelFile = LABEL_FILES.find((name) => files.names.includes(name));
  if (labelFile === undefined) return hints;
  return {
    ...hints,
    labels: parseLabelLines(decodeLabels(await files.read(labelFile, MAX_TEXT_BYTES), labelFile)),
  };
}

const present = (hints: ExportHints): ExportHints =>
  Object.fromEntries(Object.entries(hints).filter(([, value]) => value !== undefined));

/**
 * Reads a JSON file of an export, which is untrusted.
 * @throws {FoveaError} `model-files-invalid`.
 */
export async function readJsonFile(files: ClassifierFiles, name: string, maxBytes: number): Promise<unknown> {
  const bytes = await files.read(name, maxBytes);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FoveaError('model-files-invalid', `"${name}" is not JSON in UTF-8. Export the model again.`, {
      param: 'file',
      cause,
    });
  }
}

const stringsOf = (value: unknown): readonly string[] | undefined => {
  const list = asList(value);
  return list.length > 0 && list.every((item) => typeof item === 'string') ? list : undefined;
};

const countOf = (value: unknown): number | undefined => {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : undefined;
};

const sizeOf = (height: unknown, width: unknown): ExportHints['size'] => {
  const [rows, columns] = [countOf(height), countOf(width)];
  return rows === undefined || columns === undefined ? undefined : { height: rows, width: columns };
};

function readTeachableMetadata(json: Json): ExportHints {
  if (json['grayscale'] === true)
    throw new FoveaError(
      'model-unsupported',
      'metadata.json says that the model takes gray pictures in three channels ("grayscale": true), which Fovea cannot prepare. Train ' +
        'it as a standard image model.',
      { param: 'file' },
    );
  return { labels: stringsOf(json['labels']), imageSize: countOf(json['imageSize']) };
}

function readCustomVisionManifest(json: Json): ExportHints {
  const { DomainType: kind, ModelFileName: modelFile } = json;
  if (typeof kind === 'string' && kind !== 'Classification')
    throw new FoveaError(
      'model-unsupported',
      `cvexport.manifest says that the model is of the kind "${kind.slice(0, 80)}"; only classifiers can be imported.`,
      { param: 'file', details: { received: kind.slice(0, 80), allowed: ['Classification'] } },
    );
  // Its published reader squeezes the picture into the input, and divides by 255 where no property says otherwise.
  return {
    framing: { resize: 'stretch' },
    preprocessing: 'unit',
    modelFile: typeof modelFile === 'string' ? modelFile : undefined,
  };
}

const RANGES: Readonly<Record<string, Preprocessing>> = {
  NominalRange_0_255: 'none',
  Normalized_0_1: 'unit',
  Normalized_1_1: 'tf',
};

/** What the properties of Windows ML and Custom Vision say of an input, beside a model or in its metadata. */
export function readProperties(json: Json): ExportHints {
  const text = (key: string) => (typeof json[key] === 'string' ? json[key] : '');
  const format = /^(Bgr|Rgb)/.exec(text('Image.BitmapPixelFormat'))?.[1]?.toLowerCase();
  return {
    preprocessing: RANGES[text('Image.NominalPixelRange')],
    colorOrder: format as ColorOrder | undefined,
    size: sizeOf(text('CustomVision.Preprocess.TargetHeight'), text('CustomVision.Preprocess.TargetWidth')),
  };
}

/** Words of Roboflow for the ways to the network's size. */
const RESIZE_WORDS: readonly (readonly [RegExp, NonNullable<ExportHints['framing']>])[] = [
  [/stretch/i, { resize: 'stretch' }],
  [/crop/i, { resize: 'cover', crop: 1 }],
  [/letterbox|black edges/i, { resize: 'contain' }],
];

const framingIn = (value: unknown) =>
  RESIZE_WORDS.find(([words]) => typeof value === 'string' && words.test(value))?.[1];

function readEnvironment(json: Json): ExportHints {
  const map = asObject(json['CLASS_MAP']);
  const saved = json['PREPROCESSING'];
  const resize = asObject(asObject(typeof saved === 'string' ? tryJson(saved) : saved)?.['resize']);
  return {
    labels: map === undefined ? stringsOf(json['CLASS_LIST']) : parseLabelMap(map),
    framing: framingIn(resize?.['format']),
    size: sizeOf(resize?.['height'], resize?.['width']),
  };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readInferenceConfig(json: Json): ExportHints {
  const input = asObject(json['network_input']);
  const output = asObject(json['post_processing']);
  const trained = asObject(input?.['training_input_size']);
  const isFused = output?.['fused'] === true;
  const type = output?.['type'];
  const mode = input?.['color_mode'];
  return {
    size: sizeOf(trained?.['height'], trained?.['width']),
    colorOrder: mode === 'rgb' || mode === 'bgr' ? mode : undefined,
    framing: framingIn(input?.['resize_mode']),
    preprocessing: normalizationIn(input),
    activation: type === 'softmax' || type === 'sigmoid' ? (isFused ? 'none' : type) : undefined,
  };
}

const FULL_SCALE = 255;

/** `scaling_factor` divides the pixels, then `normalization` takes a mean and divides by a deviation. */
function normalizationIn(input: Json | undefined): Preprocessing | undefined {
  if (input === undefined) return undefined;
  const scale = input['scaling_factor'] ?? null;
  const [mean, std] = asList(input['normalization']).map((row) => asList(row).map(Number));
  if (mean === undefined || std === undefined)
    return scale === FULL_SCALE ? 'unit' : scale === null ? 'none' : undefined;
  const isNumbers = [...mean, ...std].every(Number.isFinite) && std.every((value) => value > 0);
  if (scale !== FULL_SCALE || !isNumbers || mean.length !== std.length || mean.length > 3) return undefined;
  return { mean, std, order: 'rgb' };
}

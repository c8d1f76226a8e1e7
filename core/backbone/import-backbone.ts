// Imports an ONNX file as a backbone: checks what it says of itself and what ONNX Runtime computes with it, brings it to one form and
// stores it for good. Knows no HTTP and no training.

import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors/errors.ts';
import type { ModelInput } from '../image/model-input.ts';
import { preprocessPixels } from '../image/preprocess-pixels.ts';
import { attachHead } from '../network/onnx/attach-head.ts';
import type { Layout } from '../network/onnx/export-context.ts';
import { cutAtOutput, toFeatureModel, valuesBelow } from '../network/onnx/feature-model.ts';
import { decodeValueInfo } from '../network/onnx/onnx-schema.ts';
import { decodePacked, encodePacked, type PackedModel } from '../network/onnx/packed-model.ts';
import { uniformAt } from '../random.ts';
import { createJson, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { BACKBONE, type Backbone, parseBackboneName } from './backbone.ts';
import { mergeWeights } from './merge-weights.ts';
import { type ProbedOutput, type ProbeInput, probeModel } from './probe-backbone.ts';
import { readImageInput } from './read-image-input.ts';
import type { WeightFiles } from './weight-files.ts';

/** Size of a file at most. Protobuf allows 2 GiB, and the head is added later. */
export const MAX_BACKBONE_BYTES = 2_000_000_000;
/** How much features may differ between batches of different sizes, relative to the largest feature. */
const BATCH_TOLERANCE = 1e-3;
/** Number of values that are suggested as another output; the input of a classifier's last layers is among them. */
const VALUES_BELOW = 5;

/** The store and the clock. */
export interface ImportBackboneDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** The file, its name, and how pictures are prepared for it. */
export interface ImportBackboneRequest {
  readonly name: string;
  /** The `.onnx` file. */
  readonly onnx: Uint8Array;
  /** Where weights are that the file does not contain. Default: nowhere, and such a file is refused. */
  readonly weightFiles?: WeightFiles | undefined;
  /** Layout of its input. */
  readonly layout: Layout;
  /** Size of its input. Default: what the file says. */
  readonly size?: { readonly height: number; readonly width: number } | undefined;
  readonly preprocessing: ModelInput['preprocessing'];
  /** The value that becomes the features: an output or any value inside. Default: the first output. */
  readonly output?: string | undefined;
  /** Layout of that value, where it is a feature map. Default: the one that fits the picture. */
  readonly outputLayout?: Layout | undefined;
}

/** The stored backbone, and what was found out about its output. */
export interface ImportedBackbone {
  readonly backbone: Backbone;
  /** Shape of the value that became the features, without the batch. */
  readonly outputShape: readonly number[];
  /** Layout of that value. The mean of a feature map over its places is taken. */
  readonly outputLayout: Layout | 'vector';
  /** Names of the values computed just before it, the last one first. */
  readonly below: readonly string[];
  /** Files that weights were taken from, as the model names them. */
  readonly weightFiles: readonly string[];
}

/**
 * Refuses a model that is too large, before it is read.
 * @param sizeBytes Size of the file, and of the weights beside it.
 * @throws {FoveaError} `backbone-too-large`.
 */
export function checkBackboneSize(sizeBytes: number): void {
  if (sizeBytes <= MAX_BACKBONE_BYTES) return;
  throw new FoveaError(
    'backbone-too-large',
    `The model has ${sizeBytes} bytes; at most ${MAX_BACKBONE_BYTES} are allowed, as what is stored is one file of less than 2 GiB. ` +
      'Export a smaller network, or only its lower part.',
    { param: 'file', details: { sizeBytes, maxSizeBytes: MAX_BACKBONE_BYTES } },
  );
}

/**
 * Stores a backbone under a name, so that jobs can name it as the model `onnx:<name>`. The same import again changes nothing.
 *
 * @throws {FoveaError} `backbone-name-invalid`, `backbone-exists`, `backbone-too-large`, `backbone-unreadable`,
 * `backbone-external-data`, `backbone-ops-unsupported`, `backbone-input-unsupported`, `backbone-batch-fixed`,
 * `backbone-output-unsupported`, `preprocessing-unsupported`.
 */
export async function importBackbone(
  { store, now }: ImportBackboneDeps,
  request: ImportBackboneRequest,
): Promise<ImportedBackbone> {
  const name = parseBackboneName(request.name);
  checkBackboneSize(request.onnx.byteLength);
  const { onnx: file, weightFiles: files } = request;
  const cut = cutAtOutput(decodePacked(file), request.output);
  const input = readImageInput(cut, request);
  const { model, locations } =
    files === undefined
      ? { model: cut, locations: [] }
      : await mergeWeights(cut, files, file.byteLength, checkBackboneSize);
  const { onnx, output, features } = await toCheckedFeatures(model, input, request);
  const sha256 = contentHashOf(onnx);
  const backbone: Backbone = {
    formatVersion: BACKBONE.version,
    name,
    createdAt: Math.floor(now() / 1000),
    sha256,
    sizeBytes: onnx.byteLength,
    input,
    features,
    source: { sha256: contentHashOf(request.onnx), output: output.name },
  };
  await store.put(keys.backboneFile(name, sha256), onnx);
  return {
    backbone: await commit(store, backbone),
    outputShape: output.shape,
    outputLayout: output.layout,
    below: valuesBelow(model, VALUES_BELOW),
    weightFiles: locations,
  };
}

/** Stores the record. A name stands for the same weights for good, since models and checkpoints depend on it. */
async function commit(store: ObjectStore, backbone: Backbone): Promise<Backbone> {
  const key = keys.backbone(backbone.name);
  try {
    await createJson(store, key, BACKBONE, backbone);
    return backbone;
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
  }
  const known = (await readJson(store, key, BACKBONE))?.value;
  const isSame =
    known?.sha256 === backbone.sha256 && JSON.stringify(known.input) === JSON.stringify(backbone.input);
  if (known !== undefined && isSame) return known;
  throw new FoveaError(
    'backbone-exists',
    `Another backbone has the name "${backbone.name}", and a backbone cannot be replaced. Choose another name.`,
    { param: 'name' },
  );
}

/** Makes the form that is stored, and checks that it gives the same features for single pictures and for a batch. */
async function toCheckedFeatures(
  model: PackedModel,
  input: ModelInput,
  { layout: inputLayout, outputLayout }: ImportBackboneRequest,
) {
  const { height, width, channels } = input;
  const pictures = noise(input, 2);
  const shape = inputLayout === 'nchw' ? [channels, height, width] : [height, width, channels];
  const [raw] = await probeModel(encodePacked(model), [{ values: pictures, dims: [2, ...shape] }]);
  const output = describeOutput(raw as ProbedOutput, input, outputLayout);
  const onnx = toFeatureModel(model, {
    height,
    width,
    channels,
    inputLayout,
    outputLayout: output.layout,
    features: output.features,
  });
  const size = pictures.length / 2;
  const of = (values: Float32Array, count: number): ProbeInput => ({
    values,
    dims: [count, height, width, channels],
  });
  const [both, first, second] = await probeModel(onnx, [
    of(pictures, 2),
    of(pictures.slice(0, size), 1),
    of(pictures.slice(size), 1),
  ]);
  checkAnswers(both?.values ?? [], [...(first?.values ?? []), ...(second?.values ?? [])]);
  // Otherwise a job would find out only at its end that the opset of the file lacks the operators of a head.
  const head = { kernel: new Float32Array(2 * output.features), bias: new Float32Array(2) };
  await probeModel(attachHead(onnx, head).onnx, []);
  const { name } = decodeValueInfo(model.graph.output[0] as Uint8Array);
  return { onnx, features: output.features, output: { ...output, name } };
}

/** The input of pictures of random pixels, `[count, height, width, channels]`. */
function noise(input: ModelInput, count: number): Float32Array {
  const length = count * input.height * input.width * input.channels;
  const pixels = Uint8Array.from({ length }, (_, i) => 256 * uniformAt(0, i));
  return preprocessPixels(pixels, input.channels, input.preprocessing);
}

const outputUnsupported = (problem: string, details: Readonly<Record<string, unknown>>) =>
  new FoveaError(
    'backbone-output-unsupported',
    `${problem} Features must be a vector for each picture, [batch, features], or a feature map, [batch, channels, height, width] or ` +
      '[batch, height, width, channels]. Name such a value with --output.',
    { param: 'output', details },
  );

/** Finds out what the output for two pictures is: a vector, or a feature map with the proportions of the picture. */
function describeOutput({ dims }: ProbedOutput, input: ModelInput, asked: Layout | undefined) {
  const [batch, ...shape] = dims;
  const shown = `[${dims.join(', ')}]`;
  if (batch !== 2 || shape.includes(0)) {
    throw outputUnsupported(`The output for 2 pictures has the shape ${shown}.`, { received: [...dims] });
  }
  if (shape.length === 1) return { shape, layout: 'vector', features: shape[0] as number } as const;
  const [a = 0, b = 0, c = 0] = shape;
  const candidates = [
    { shape, layout: 'nchw', features: a, isMap: isShrunken(b, c, input) },
    { shape, layout: 'nhwc', features: c, isMap: isShrunken(a, b, input) },
  ] as const;
  const isMeant = ({ layout, isMap }: (typeof candidates)[number]) => isMap && layout === (asked ?? layout);
  const [found, other] = shape.length === 3 ? candidates.filter(isMeant) : [];
  // The layout of the input does not tell that of the output: converters to ONNX keep it outside and change it inside.
  if (found !== undefined && other !== undefined) {
    throw new FoveaError(
      'backbone-output-unsupported',
      `The output for 2 pictures of ${input.height}×${input.width} has the shape ${shown}: a map of ${found.features} channels as ` +
        `${found.layout}, or of ${other.features} as ${other.layout}. Say which with --output-layout.`,
      { param: 'output_layout', details: { received: [...dims] } },
    );
  }
  if (found !== undefined) return found;
  throw outputUnsupported(
    `The output for 2 pictures of ${input.height}×${input.width} has the shape ${shown}.`,
    { received: [...dims] },
  );
}

/** Whether a feature map may be the picture made smaller: it has the same proportions, with each side rounded. */
const isShrunken = (height: number, width: number, input: ModelInput): boolean =>
  height <= input.height &&
  width <= input.width &&
  Math.abs(height * input.width - width * input.height) < input.height + input.width;

function checkAnswers(together: ArrayLike<number>, alone: readonly number[]): void {
  const largest = alone.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (!Number.isFinite(largest)) {
    throw outputUnsupported('The features of a picture are not finite numbers. Check --preprocessing.', {});
  }
  const difference = alone.reduce(
    (max, value, i) => Math.max(max, Math.abs(value - (together[i] ?? Number.NaN))),
    0,
  );
  if (difference <= BATCH_TOLERANCE * largest) return;
  throw outputUnsupported(
    'The features of a picture depend on the other pictures of its batch. Export the network for inference (model.eval()). In a ' +
      'dynamically quantized file, ranges depend on the batch: use the float32 or a statically quantized file.',
    { difference, largest },
  );
}

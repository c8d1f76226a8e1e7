// Imports an ONNX file as a backbone: checks what it says of itself and what ONNX Runtime computes with it, brings it to one form and
// stores it for good. Knows no HTTP and no training.

import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors/errors.ts';
import {
  type AskedFraming,
  inputFormatOf,
  type ModelInput,
  type Preprocessing,
} from '../image/model-input.ts';
import { preprocessPixels } from '../image/preprocess-pixels.ts';
import { attachHead } from '../network/onnx/attach-head.ts';
import type { Layout } from '../network/onnx/export-context.ts';
import {
  cutAtOutput,
  type OutputLayout,
  toFeatureModel,
  valuesBelow,
} from '../network/onnx/feature-model.ts';
import { findPooling } from '../network/onnx/find-pooling.ts';
import { decodeValueInfo } from '../network/onnx/onnx-schema.ts';
import { decodePacked, encodePacked, type PackedModel } from '../network/onnx/packed-model.ts';
import type { Pooling } from '../network/onnx/pooling.ts';
import { uniformAt } from '../random.ts';
import { createJson, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { BACKBONE, type Backbone, parseBackboneName } from './backbone.ts';
import { describeOutput, outputUnsupported } from './describe-output.ts';
import { listOutputs } from './list-outputs.ts';
import { mergeWeights } from './merge-weights.ts';
import type { ChosenPooling, PoolingHints } from './pool-tokens.ts';
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
export interface ImportBackboneRequest extends AskedFraming {
  readonly name: string;
  /** The `.onnx` file. */
  readonly onnx: Uint8Array;
  /** Where weights are that the file does not contain. Default: nowhere, and such a file is refused. */
  readonly weightFiles?: WeightFiles | undefined;
  /** Layout of its input. */
  readonly layout: Layout;
  /** Size of its input. Default: what the file says. */
  readonly size?: { readonly height: number; readonly width: number } | undefined;
  readonly preprocessing: Preprocessing;
  /** The value that becomes the features: an output or any value inside. Default: the first output. */
  readonly output?: string | undefined;
  /** Layout of that value, where it is a feature map. Default: the one that fits the picture. */
  readonly outputLayout?: Layout | undefined;
  /** How that value becomes a vector, where it is tokens. Default: what the graph tells. */
  readonly pool?: Pooling | undefined;
}

/** The stored backbone, and what was found out about its output. */
export interface ImportedBackbone {
  readonly backbone: Backbone;
  /** Shape of the value that became the features, without the batch. */
  readonly outputShape: readonly number[];
  /** Layout of that value. The mean of a feature map over its places is taken. */
  readonly outputLayout: OutputLayout;
  /** How tokens became a vector; undefined for other values. */
  readonly pooled: ChosenPooling | undefined;
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
  const whole = decodePacked(request.onnx);
  const { model, input, onnx, output, weightFiles } = await toFeatures(whole, request).catch((error) => {
    throw listOutputs(error, whole);
  });
  const sha256 = contentHashOf(onnx);
  const backbone: Backbone = {
    formatVersion: inputFormatOf(input),
    name,
    createdAt: Math.floor(now() / 1000),
    sha256,
    sizeBytes: onnx.byteLength,
    input,
    features: output.features,
    source: { sha256: contentHashOf(request.onnx), output: output.name },
  };
  await store.put(keys.backboneFile(name, sha256), onnx);
  return {
    backbone: await commit(store, backbone),
    outputShape: output.shape,
    outputLayout: output.layout,
    pooled: output.pooled,
    below: valuesBelow(model, VALUES_BELOW),
    weightFiles,
  };
}

/** Reads what the model says of itself and its weights beside it, and makes the form that is stored. */
async function toFeatures(whole: PackedModel, request: ImportBackboneRequest) {
  const { onnx: file, weightFiles: files } = request;
  const cut = cutAtOutput(whole, request.output);
  const input = readImageInput(cut, request);
  const { model, locations } =
    files === undefined
      ? { model: cut, locations: [] }
      : await mergeWeights(cut, files, file.byteLength, checkBackboneSize);
  const { name } = decodeValueInfo(model.graph.output[0] as Uint8Array);
  const hints = { asked: request.pool, graph: findPooling(whole, name) };
  const { onnx, output } = await toCheckedFeatures(model, input, request, hints);
  return { model, input, onnx, output: { ...output, name }, weightFiles: locations };
}

/** Stores the record. A name stands for the same weights for good, since models and checkpoints depend on it. */
async function commit(store: ObjectStore, backbone: Backbone): Promise<Backbone> {
  const key = keys.backbone(backbone.name);
  try {
    await createJson(store, key, { ...BACKBONE, version: backbone.formatVersion }, backbone);
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
  hints: PoolingHints,
) {
  const { height, width, channels } = input;
  const pictures = noise(input, 2);
  const shape = inputLayout === 'nchw' ? [channels, height, width] : [height, width, channels];
  const [raw] = await probeModel(encodePacked(model), [{ values: pictures, dims: [2, ...shape] }]);
  const output = describeOutput(raw as ProbedOutput, input, outputLayout, hints);
  const onnx = toFeatureModel(model, {
    height,
    width,
    channels,
    inputLayout,
    outputLayout: output.layout,
    pooling: output.pooled?.pooling,
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
  return { onnx, output };
}

/** The input of pictures of random pixels, `[count, height, width, channels]`. */
function noise(input: ModelInput, count: number): Float32Array {
  const length = count * input.height * input.width * input.channels;
  const pixels = Uint8Array.from({ length }, (_, i) => 256 * uniformAt(0, i));
  return preprocessPixels(pixels, input.channels, input.preprocessing);
}

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

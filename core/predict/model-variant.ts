// Makes reduced-precision variants of a stored model and compares size, speed and answers with those of the original, on pictures that
// were not used to make the variant.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FoveaError } from '../errors/errors.ts';
import { largestDifference } from '../evaluation/largest-difference.ts';
import { crossEntropyOf } from '../evaluation/probability-losses.ts';
import { decodeToInput } from '../image/decode-to-input.ts';
import type { Precision } from '../job/recipe/precision.ts';
import { readManifest } from '../model/read-manifest.ts';
import { resolveVersion } from '../model/versions.ts';
import { quantizeModel } from '../network/onnx/quantize.ts';
import { toHalfPrecision } from '../network/onnx/to-half-precision.ts';
import { present } from '../present.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { measureRanges } from './measure-ranges.ts';

/** Which variant to make, and the pictures for it. */
export interface VariantRequest {
  readonly model: string;
  /** A version number or an alias. Default: `latest`. */
  readonly version?: string | undefined;
  readonly precision: Precision;
  /** Encoded pictures like those to be predicted, at least two. Every other one is for calibration; on the rest, answers are compared. */
  readonly pictures: readonly Uint8Array[];
}

/** A reduced-precision variant compared with its model. */
export interface VariantComparison {
  readonly precision: Precision;
  readonly sizeBytes: number;
  readonly originalSizeBytes: number;
  /** Median time for one picture on one thread, in milliseconds. The two models take turns. */
  readonly msPerPicture: number;
  readonly originalMsPerPicture: number;
  /** Number of pictures that were compared. */
  readonly pictures: number;
  /** Largest difference between two probabilities. */
  readonly maxDifference: number;
  /** Mean over the pictures of the largest difference of each. */
  readonly meanDifference: number;
  /** Share of pictures with the same likeliest class, 0 to 1. */
  readonly topOneAgreement: number;
  /** By how much the mean cross-entropy grows, in nats; absent where the right classes are not known. */
  readonly addedLoss?: number | undefined;
}

/** The comparison of a stored model with its variant. */
export interface VariantReport extends VariantComparison {
  readonly model: string;
  readonly version: string;
}

/** The inputs of pictures: float32 values, each of the shape `dims`, `[1, height, width, channels]`. */
export interface VariantInputs {
  /** Pictures that give the ranges of 8-bit values; at least one. */
  readonly calibration: readonly Float32Array[];
  /** Pictures outside `calibration`, on which the variant's answers are compared with the original model's; at least one. */
  readonly compared: readonly Float32Array[];
  /** The right classes of `compared`, where they are known. */
  readonly labels?: readonly number[] | undefined;
  readonly dims: readonly number[];
}

/**
 * Makes a reduced-precision variant of a model and compares the two.
 * @param original the `.onnx` file of the model.
 */
export async function writeVariant(
  original: Uint8Array,
  precision: Precision,
  { calibration, compared, labels, dims }: VariantInputs,
): Promise<{ readonly onnx: Uint8Array; readonly comparison: VariantComparison }> {
  const onnx =
    precision === 'fp16'
      ? toHalfPrecision(original)
      : quantizeModel(original, await measureRanges(original, calibration, dims));
  const sizes = { sizeBytes: onnx.byteLength, originalSizeBytes: original.byteLength };
  return {
    onnx,
    comparison: { precision, ...sizes, ...(await compareModels(original, onnx, { compared, labels, dims })) },
  };
}

/**
 * Makes a reduced-precision variant of a stored model and compares it with the original.
 * @throws {FoveaError} `model-not-found`, `model-version-not-found`, `model-corrupt`; `variant-unavailable` for an imported
 *   backbone; `pictures-missing` for fewer than two pictures; as decodeImage.
 */
export async function makeVariant(
  store: ObjectStore,
  request: VariantRequest,
): Promise<{ readonly onnx: Uint8Array; readonly report: VariantReport }> {
  const { model, precision, pictures } = request;
  if (pictures.length < 2) {
    throw new FoveaError(
      'pictures-missing',
      `${pictures.length} pictures were given; at least two are needed, one for calibration and one for the comparison. A few ` +
        'hundred are better.',
      { param: 'pictures' },
    );
  }
  const version = await resolveVersion(store, model, request.version);
  const manifest = await readManifest(store, model, version);
  if (manifest.backbone !== undefined) {
    throw new FoveaError(
      'variant-unavailable',
      `Version "${version}" of model "${model}" is built on the imported backbone "${manifest.backbone.name}", and only models of ` +
        'an architecture have reduced-precision variants. Import a backbone of reduced precision, or train an architecture.',
      { param: 'model', details: { backbone: manifest.backbone } },
    );
  }
  const key = keys.modelFile(model, version, manifest.onnx.file);
  const original = (await store.get(key))?.body;
  if (original === undefined) throw new FoveaError('model-corrupt', `The model file "${key}" is missing.`);

  const { height, width, channels } = manifest.input;
  const dims = [1, height, width, channels];
  const inputs: Float32Array[] = [];
  for (const picture of pictures) inputs.push(await decodeToInput(picture, manifest.input));
  const { onnx, comparison } = await writeVariant(original, precision, {
    calibration: inputs.filter((_, i) => i % 2 === 0),
    compared: inputs.filter((_, i) => i % 2 === 1),
    dims,
  });
  return { onnx, report: { model, version, ...comparison } };
}

const argMax = (values: Float32Array): number =>
  values.reduce((best, value, i) => (value > (values[best] ?? 0) ? i : best), 0);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function compareModels(
  original: Uint8Array,
  variant: Uint8Array,
  { compared: inputs, labels, dims }: Pick<VariantInputs, 'compared' | 'labels' | 'dims'>,
) {
  const open = (onnx: Uint8Array) =>
    InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  const sessions = [await open(original), await open(variant)] as const;
  const run = async (session: InferenceSession, input: Float32Array) => {
    const inputName = present(session.inputNames[0], 'an input of the model');
    const outputName = present(session.outputNames[0], 'an output of the model');
    const started = performance.now();
    const results = await session.run({ [inputName]: new Tensor('float32', input, dims) });
    const ms = performance.now() - started;
    return { ms, values: results[outputName]?.data as Float32Array };
  };
  const differences: number[] = [];
  const times: { readonly original: number; readonly variant: number }[] = [];
  let agreed = 0;
  let addedLoss = 0;
  try {
    // The first run of a session also allocates its memory.
    for (const session of sessions) await run(session, inputs[0] as Float32Array);
    for (const [index, input] of inputs.entries()) {
      const before = await run(sessions[0], input);
      const after = await run(sessions[1], input);
      differences.push(largestDifference(before.values, after.values));
      if (argMax(before.values) === argMax(after.values)) agreed += 1;
      times.push({ original: before.ms, variant: after.ms });
      const label = labels?.[index];
      if (label !== undefined) {
        addedLoss +=
          (crossEntropyOf(after.values, label) - crossEntropyOf(before.values, label)) / inputs.length;
      }
    }
  } finally {
    for (const session of sessions) await session.release();
  }
  return {
    msPerPicture: median(times.map((time) => time.variant)),
    originalMsPerPicture: median(times.map((time) => time.original)),
    pictures: inputs.length,
    maxDifference: Math.max(...differences),
    meanDifference: differences.reduce((sum, difference) => sum + difference, 0) / inputs.length,
    topOneAgreement: agreed / inputs.length,
    ...(labels === undefined ? {} : { addedLoss }),
  };
}

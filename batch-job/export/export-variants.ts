// Makes the reduced-precision variants of a model, and measures them for its report. They are calibrated on pictures of the
// validation split, and compared on pictures of the split that evaluates the model.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import { variantFile } from '../../core/job/recipe/precision.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Report } from '../../core/model/report.ts';
import { writeVariant } from '../../core/predict/model-variant.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Base } from '../base/base.ts';
import { pictureExamples } from '../examples/pictures.ts';
import type { Splits } from '../inspect/splits.ts';

/** With more pictures, the ranges of values change little. So many inputs of 224 × 224 take 60 MB. */
const MAX_PICTURES = 100;

/** The variants of a model, and what the report says of them. */
export interface ExportedVariants {
  readonly described: Report['variants'];
  /** Contents by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What the variants of a model are made with. */
export interface ExportVariantsDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly base: Pick<Base, 'imported'>;
  readonly job: Pick<JobRecord, 'recipe'>;
  readonly splits: Splits;
  readonly input: ModelInput;
}

/** Writes and measures the variants that the recipe asks for. One that the network does not allow is skipped with a warning. */
export async function exportVariants(
  deps: ExportVariantsDeps,
  onnx: Uint8Array,
  judged: readonly DatasetItem[],
): Promise<ExportedVariants> {
  const { base, job, splits, input, reporter } = deps;
  const described: Report['variants'][number][] = [];
  const files = new Map<string, Uint8Array>();
  // Variants are made of files that toOnnx wrote; imported files may have layers that nobody knows.
  const canWrite = base.imported === undefined && splits.validation.length > 0 && judged.length > 0;
  const precisions = canWrite ? job.recipe.variants : [];
  if (precisions.length === 0) return { described, files };
  const inputs = {
    calibration: await inputsOf(deps, splits.validation),
    compared: await inputsOf(deps, judged),
    labels: spread(judged).map(({ classIndex }) => classIndex),
    dims: [1, input.height, input.width, input.channels],
  };
  for (const precision of precisions) {
    reporter.signal.throwIfAborted();
    try {
      const file = variantFile(precision);
      const variant = await writeVariant(onnx, precision, inputs);
      files.set(file, variant.onnx);
      described.push({ file, ...variant.comparison });
    } catch (error) {
      if (!isFoveaError(error)) throw error;
      await reporter.warn(`There is no ${precision} variant of the model. ${error.message}`, {
        error_code: error.code,
      });
    }
  }
  return { described, files };
}

/** Pictures that are spread evenly over a split. */
function spread(items: readonly DatasetItem[]): readonly DatasetItem[] {
  const count = Math.min(items.length, MAX_PICTURES);
  return Array.from(
    { length: count },
    (_, i) => items[Math.floor((i * items.length) / count)] as DatasetItem,
  );
}

/** Network inputs of pictures that are spread evenly over a split. */
async function inputsOf(
  { store, input, reporter }: ExportVariantsDeps,
  items: readonly DatasetItem[],
): Promise<readonly Float32Array[]> {
  const chosen = spread(items);
  const count = chosen.length;
  const source = pictureExamples(store, chosen, input);
  const size = source.shape[0] * source.shape[1] * source.shape[2];
  const images = new Float32Array(count * size);
  await source.fill(
    Int32Array.from(chosen, (_, i) => i),
    images,
    reporter.signal,
  );
  return chosen.map((_, i) => images.subarray(i * size, (i + 1) * size));
}

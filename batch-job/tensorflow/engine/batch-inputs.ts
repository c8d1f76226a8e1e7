// What a batch feeds to the programs of a trainer: pictures, targets and dropout masks, cut into micro-batches. Plain
// arithmetic; knows no session.

import { FoveaError } from '../../../core/errors/errors.ts';
import type { InputData } from '../executor/input-data.ts';
import { elementCount } from '../program/program.ts';
import { toTargets } from './batch-targets.ts';
import { createDropoutMasks } from './dropout-mask.ts';
import type { Batch, Images, TrainerOptions } from './engine.ts';
import { microBatchSizeOf, type TrainingPrograms } from './training-programs.ts';

/** Some of a batch's samples, as many as are on the device at once. */
export interface MicroBatch {
  /** Index of the first sample in the batch. */
  readonly start: number;
  /** Number of samples. */
  readonly size: number;
  /** Whether the update follows it. */
  readonly isLast: boolean;
  /** By the names of the programs' inputs, see {@link TrainingPrograms.programs}. */
  readonly inputs: readonly (readonly [string, InputData])[];
}

/** A batch as the programs take it. */
export interface BatchInputs {
  /** Number of samples. */
  readonly count: number;
  /** The most probable label of each sample, `[count]`. */
  readonly classIndices: Int32Array;
  readonly microBatches: readonly MicroBatch[];
}

/** Makes the inputs of a batch. `index` is its number in the run, from 0, on which the dropout masks depend. */
export type BatchInputsWriter = (batch: Batch, index: number) => BatchInputs;

/** Draws the dropout masks of a run, and gives the function that makes the inputs of its batches. */
export function createBatchInputs(plan: TrainingPrograms, options: TrainerOptions): BatchInputsWriter {
  const { seed, batchSize, labelSmoothing = 0, classWeights } = options;
  const { classes, imageShape } = plan;
  const microBatchSize = microBatchSizeOf(options);
  const [height, width, channels] = imageShape;
  const from = options.viewsFrom ?? { height, width };
  const trainingShape = [from.height, from.width, channels];
  const dropouts = plan.dropoutMasks.map(({ input, rate, sampleShape }, layer) => {
    const sampleSize = elementCount(sampleShape);
    return { input, sampleSize, masksOf: createDropoutMasks([seed, layer], batchSize * sampleSize, rate) };
  });
  return ({ images, labels, drawn = new Map() }, index) => {
    const count = countImages(images, trainingShape, batchSize);
    const { targets, sampleWeights, classIndices } = toTargets(labels, count, {
      classes,
      labelSmoothing,
      classWeights,
    });
    const masks = dropouts.map(
      ({ input, sampleSize, masksOf }) => [input, masksOf(index, count * sampleSize)] as const,
    );
    const inputs = [
      ['images', images],
      ['targets', targets],
      ['sample_weights', sampleWeights],
      ...masks,
      ...drawn,
    ] as const;
    return { count, classIndices, microBatches: toMicroBatches(inputs, count, microBatchSize) };
  };
}

function toMicroBatches(
  inputs: readonly (readonly [string, InputData])[],
  count: number,
  microBatchSize: number,
): readonly MicroBatch[] {
  return Array.from({ length: Math.ceil(count / microBatchSize) }, (_, index) => {
    const start = index * microBatchSize;
    const size = Math.min(microBatchSize, count - start);
    const samplesOf = (values: InputData) =>
      size === count
        ? values
        : values.subarray((start * values.length) / count, ((start + size) * values.length) / count);
    return {
      start,
      size,
      isLast: start + size === count,
      inputs: inputs.map(([name, values]) => [name, samplesOf(values)] as const),
    };
  });
}

/**
 * The number of pictures in a batch.
 *
 * @param shape `[height, width, channels]` of one.
 * @throws {FoveaError} `batch-invalid` where they are not 1 to `limit` whole pictures.
 */
export function countImages(images: Images, shape: readonly number[], limit: number): number {
  const size = elementCount(shape);
  const count = images.length / size;
  if (Number.isInteger(count) && count >= 1 && count <= limit) return count;
  throw new FoveaError(
    'batch-invalid',
    `A batch has ${images.length} values; pictures of [${shape.join(', ')}] take ${size} each, and a batch ` +
      `has 1 to ${limit} of them.`,
  );
}

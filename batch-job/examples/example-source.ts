// What a network is trained and evaluated on: labelled examples that are read by index. The source decides where they come
// from: pictures or cached features.

import type { DeviceInputs } from '../augmentation/device-views.ts';
import { allocateToLend, giveBack } from '../tensorflow/addon/unaligned.ts';
import { elementCount } from '../tensorflow/program/program.ts';
import { readAhead } from './read-ahead.ts';

/** Labelled examples of one shape. */
export interface ExampleSource {
  /** `[height, width, channels]` of one example. */
  readonly shape: readonly [number, number, number];
  /** Class index of every example. */
  readonly labels: Int32Array;
  /** Writes the examples `indices`, one after another, into `images` (float32, `[indices.length, ...shape]`). */
  fill(indices: Int32Array, images: Float32Array, signal?: AbortSignal): Promise<void>;
  /** The same examples as they are in an epoch (from 1); absent where they are the same in every epoch. */
  readonly atEpoch?: (epoch: number) => ExampleSource;
  /** The same examples as pixels, for a device that computes the network's input from them; absent for features. */
  readonly pixels?: PixelExamples;
  /** Frees files, where there are any. */
  readonly close?: () => void;
}

/** Pictures as they are decoded, for a device that cuts views and preprocesses them. */
export interface PixelExamples {
  /** `[height, width, channels]` of one picture; larger than the network's input where views are cut out of it. */
  readonly shape: readonly [number, number, number];
  /** Writes the pictures `indices`, one after another, into `pixels`. @returns what a device needs to cut their views. */
  fill(indices: Int32Array, pixels: Uint8Array, signal?: AbortSignal): Promise<DeviceInputs>;
}

/** A batch of examples as the network's input. */
export interface ExampleBatch {
  /** Float32 `[count, ...shape]`. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** A batch of pictures as pixels. */
export interface PixelBatch extends Omit<ExampleBatch, 'images'> {
  /** `[count, ...shape]`, with the shape of {@link PixelExamples}. */
  readonly images: Uint8Array;
  /** How their views are cut. */
  readonly drawn: DeviceInputs;
  /** The pixels of the batch after it, where they are read already. */
  readonly following?: () => Uint8Array | undefined;
}

/**
 * Pixels that are read ahead: 32 MiB in batches, so that pictures that take long to decode hold up no step. At least two batches:
 * one may be on its way to a device while another is read.
 */
const AHEAD_BYTES = 32 * 2 ** 20;
const LEAST_BATCHES_AHEAD = 2;
const MOST_BATCHES_AHEAD = 8;

/** Examples held in memory as one float32 array `[count, ...shape]`. */
export function inMemoryExamples(
  shape: readonly [number, number, number],
  values: Float32Array,
  labels: Int32Array,
): ExampleSource {
  const size = elementCount(shape);
  return {
    shape,
    labels,
    async fill(indices, images) {
      indices.forEach((index, position) => {
        images.set(values.subarray(index * size, (index + 1) * size), position * size);
      });
    },
  };
}

/** Some of the examples: those `indices`, in this order. The whole source stays open. */
export function subsetOf(source: ExampleSource, indices: Int32Array): ExampleSource {
  const { atEpoch, pixels } = source;
  const toWhole = (chosen: Int32Array) => chosen.map((index) => indices[index] as number);
  return {
    shape: source.shape,
    labels: labelsAt(source, indices),
    fill: (chosen, images, signal) => source.fill(toWhole(chosen), images, signal),
    ...(atEpoch === undefined ? {} : { atEpoch: (epoch: number) => subsetOf(atEpoch(epoch), indices) }),
    ...(pixels === undefined
      ? {}
      : {
          pixels: {
            shape: pixels.shape,
            fill: (chosen, values, signal) => pixels.fill(toWhole(chosen), values, signal),
          },
        }),
  };
}

/** The examples in the given order, batch by batch; the next batch is read while the current one is in use. */
export async function* batches(
  source: ExampleSource,
  order: Int32Array,
  batchSize: number,
  signal?: AbortSignal,
): AsyncGenerator<ExampleBatch> {
  const read = async (indices: Int32Array): Promise<ExampleBatch> => {
    const images = new Float32Array(indices.length * elementCount(source.shape));
    await source.fill(indices, images, signal);
    return { images, labels: labelsAt(source, indices), count: indices.length };
  };
  for await (const { item } of readAhead(order, batchSize, { count: 1, signal, read })) yield item;
}

/**
 * Like {@link batches}, as pixels. The pixels of a batch are good until the next batch is asked for: their memory is filled
 * again.
 *
 * @throws {Error} where the source has no pixels.
 */
export async function* pixelBatches(
  source: ExampleSource,
  order: Int32Array,
  batchSize: number,
  signal?: AbortSignal,
): AsyncGenerator<PixelBatch> {
  const { pixels } = source;
  if (pixels === undefined) throw new Error('The examples have no pixels.');
  const size = elementCount(pixels.shape);
  const read = async (indices: Int32Array) => {
    const memory = allocateToLend(batchSize * size);
    const images = memory.subarray(0, indices.length * size);
    const drawn = await pixels.fill(indices, images, signal);
    return { memory, batch: { images, drawn, labels: labelsAt(source, indices), count: indices.length } };
  };
  const count = Math.min(
    MOST_BATCHES_AHEAD,
    Math.max(LEAST_BATCHES_AHEAD, Math.floor(AHEAD_BYTES / (batchSize * size))),
  );
  for await (const { item, following } of readAhead(order, batchSize, { count, signal, read })) {
    yield { ...item.batch, following: () => following()?.batch.images };
    // Not where the loop was left: the pixels may still be in use.
    giveBack(item.memory);
  }
}

/** The class indices of the examples `indices`. */
export const labelsAt = ({ labels }: Pick<ExampleSource, 'labels'>, indices: Int32Array): Int32Array =>
  indices.map((index) => labels[index] as number);

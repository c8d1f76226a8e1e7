// Estimates before a batch prediction runs how long it takes and what that costs, and cuts it into chunks and shards by that.

import type { JobMachine } from '../job/estimate/estimate-job.ts';
import { PREDICTION_FLOPS } from '../job/estimate/estimate-job.ts';
import type { Manifest } from '../model/manifest.ts';

/** Operations for each byte of a model's file: 40 for MobileNetV2 and EfficientNet, 80 for ResNet50, 180 for Xception. */
const FLOPS_PER_BYTE = 100;
/** Seconds of one processor to read, decode and scale a picture: a part that each has, and one for the size of its file. */
const PICTURE_SECONDS = 0.0015;
const BYTE_SECONDS = 8e-9;
/** The size of pictures whose sizes are not known. */
const USUAL_BYTES = 1_000_000;
/** Seconds of a process until its first picture: Node, the model, its check. */
const START_SECONDS = 4;
/** A chunk takes about so long: that much is lost where a process is killed. */
const CHUNK_SECONDS = 20;
const LEAST_CHUNK = 10;
const MOST_CHUNK = 1000;
/** Results of a chunk are in memory at once. */
const CHUNK_BYTES = 8 * 1024 * 1024;
const LINE_BYTES = 400;
const LABEL_BYTES = 80;
/** A shard takes about so long, so that starting its machine is the smaller part. */
const SHARD_SECONDS = 600;
/** Processes of one batch at most. */
export const MOST_SHARDS = 100;

/** Seconds of one machine to predict one picture. */
const secondsPerPicture = ({ onnx }: Manifest, { vcpus }: JobMachine, meanBytes = USUAL_BYTES): number =>
  (PICTURE_SECONDS + meanBytes * BYTE_SECONDS + (onnx.sizeBytes * FLOPS_PER_BYTE) / PREDICTION_FLOPS) / vcpus;

/** How many pictures a chunk has. */
export const chunkSizeFor = (manifest: Manifest, machine: JobMachine, topK: number): number =>
  Math.max(
    LEAST_CHUNK,
    Math.floor(
      Math.min(
        MOST_CHUNK,
        CHUNK_SECONDS / secondsPerPicture(manifest, machine),
        CHUNK_BYTES / (LINE_BYTES + LABEL_BYTES * Math.min(topK, manifest.labels.length)),
      ),
    ),
  );

/** What a batch prediction will take. */
export interface BatchEstimate {
  readonly machine: JobMachine;
  readonly shards: number;
  /** From the first process to the end. */
  readonly seconds: number;
  readonly usd: number;
  /** What the numbers rest on, in sentences. */
  readonly basis: readonly string[];
}

/** The pictures, and what is to be known of them. */
export interface EstimateBatchOptions {
  readonly manifest: Manifest;
  readonly pictures: number;
  readonly meanBytes: number | undefined;
  readonly chunkSize: number;
  /** As the request asks; undefined leaves it to the estimate. */
  readonly shards: number | undefined;
}

/**
 * The machine on which batches are predicted: the cheapest without a GPU, since answers are those of the serving function, which has
 * none.
 */
export const machineForBatches = ([first, ...others]: readonly [JobMachine, ...JobMachine[]]): JobMachine => {
  const rank = ({ gpu, usdPerHour }: JobMachine) => [gpu === undefined ? 0 : 1, usdPerHour] as const;
  return others.reduce((best, machine) => {
    const [kind, price] = rank(machine);
    const [bestKind, bestPrice] = rank(best);
    return kind < bestKind || (kind === bestKind && price < bestPrice) ? machine : best;
  }, first);
};

/** Estimates a batch prediction on a machine, and on as many of its kind as there are shards where a queue starts them. */
export function estimateBatch(machine: JobMachine, options: EstimateBatchOptions): BatchEstimate {
  const { manifest, pictures, meanBytes, chunkSize } = options;
  const work = pictures * secondsPerPicture(manifest, machine, meanBytes);
  const most = Math.min(MOST_SHARDS, Math.ceil(pictures / chunkSize));
  const shards = Math.min(most, options.shards ?? Math.max(1, Math.ceil(work / SHARD_SECONDS)));
  const sideBySide = machine.pool === undefined ? 1 : shards;
  const seconds = START_SECONDS + work / sideBySide;
  return {
    machine,
    shards,
    seconds,
    usd: ((work + START_SECONDS * sideBySide) / 3600) * machine.usdPerHour,
    basis: [
      `${pictures} pictures of ${meanBytes === undefined ? `about ${USUAL_BYTES}, since sizes are not known` : Math.round(meanBytes)} bytes, on the processors of ${sideBySide} × ${machine.name}.`,
      'The arithmetic of the network is judged by the size of its file; it may be three times as much, or a third.',
      ...(machine.pool === undefined
        ? ['Where several workers share the batch, it takes less time.']
        : ['The minutes in which AWS starts machines come on top.']),
      machine.priceBasis,
    ],
  };
}

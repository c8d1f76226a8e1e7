// How many pictures a batch has where a GPU trains pretrained layers and the request leaves the batch to `auto`: for the trainer, and
// for an estimate. Knows no network and no memory.

/**
 * Share of the free memory that a plan may use. Steps of MobileNetV2 and ResNet50 took 82 to 117 % of the plan, on the native and on
 * the portable back end.
 */
export const PLANNED_SHARE = 0.8;
/** The largest batch that was measured, see "Training on a GPU" in bench/README.md. */
const MOST_PICTURES = 256;
/** A stage keeps so many updates of the weights: with fewer, they have not come far when the learning rate has fallen. */
const LEAST_UPDATES = 200;
/** An epoch keeps so many, so that validation still chooses between epochs that differ little. */
const LEAST_UPDATES_PER_EPOCH = 8;

/** The training whose batch is chosen. */
export interface GpuBatchOptions {
  /** Pictures of the training split. */
  readonly examples: number;
  readonly epochs: number;
  /** Batch size where no GPU trains; a batch is never smaller. */
  readonly least: number;
  /** Pictures of the largest batch that fits into the GPU's memory. */
  readonly fitting: number;
}

/** The batch size: `least`, doubled while the batch fits and leaves enough updates. */
export function gpuBatchSize({ examples, epochs, least, fitting }: GpuBatchOptions): number {
  const most = Math.min(
    MOST_PICTURES,
    fitting,
    examples / LEAST_UPDATES_PER_EPOCH,
    (examples * epochs) / LEAST_UPDATES,
  );
  let size = least;
  while (2 * size <= most) size *= 2;
  return size;
}

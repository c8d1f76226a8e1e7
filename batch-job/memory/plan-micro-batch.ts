// Plans before training how many pictures of a batch fit into memory at once, from the network's plan.

import { PLANNED_SHARE } from '../../core/job/recipe/gpu-batch-size.ts';
import type { Network } from '../../core/network/description/network.ts';
import { firstTrainable } from '../../core/network/description/trainable-from.ts';
import { formatBytes } from '../../core/network/plan/format-quantities.ts';
import { largestBatch, planNetwork, planTraining } from '../../core/network/plan/plan.ts';
import type { MachineMemory } from './machine-memory.ts';

/** The training that is planned, and the memory there is. */
export interface PlanMicroBatchOptions {
  readonly network: Network;
  /** Pictures in a batch. */
  readonly batchSize: number;
  /** The first trainable layer, or its block; null where all layers are trainable. */
  readonly unfreezeFrom: string | null;
  readonly memory: MachineMemory;
}

/** A micro-batch that fits, and why it is needed. */
export interface PlannedMicroBatch {
  readonly microBatchSize: number;
  readonly reason: string;
}

/** The first trainable layer as planTraining takes it, which knows layers and no blocks. */
const trainableFrom = (network: Network, unfreezeFrom: string | null) =>
  unfreezeFrom === null ? {} : { trainableFrom: firstTrainable(network, unfreezeFrom) };

/**
 * Pictures of the largest batch that fits whole, over all devices that share it.
 *
 * @param unfreezeFrom The first trainable layer, or its block; null: all layers.
 */
export const fittingBatch = (
  network: Network,
  unfreezeFrom: string | null,
  { freeBytes, devices = 1 }: MachineMemory,
): number =>
  devices *
  largestBatch(planNetwork(network), PLANNED_SHARE * freeBytes, trainableFrom(network, unfreezeFrom));

/** Halves the batch until a micro-batch fits; 1 where none does. Undefined where the whole batch fits. */
export function planMicroBatch({
  network,
  batchSize,
  unfreezeFrom,
  memory,
}: PlanMicroBatchOptions): PlannedMicroBatch | undefined {
  const largest = fittingBatch(network, unfreezeFrom, memory);
  if (batchSize <= largest) return undefined;
  let microBatchSize = batchSize;
  while (microBatchSize > 1 && microBatchSize > largest) microBatchSize = Math.floor(microBatchSize / 2);
  if (microBatchSize === batchSize) return undefined;
  const { totalBytes } = planTraining(planNetwork(network), {
    ...trainableFrom(network, unfreezeFrom),
    batchSize,
  });
  return {
    microBatchSize,
    reason:
      `Gradients of batches of ${batchSize} are accumulated over micro-batches of ${microBatchSize}: by the plan a whole batch needs ` +
      `${formatBytes(totalBytes)}, and ${formatBytes(memory.freeBytes)} of ${memory.freeName} are free.`,
  };
}

/** Bytes that a stage needs by the plan, without those of the process itself. */
export function plannedBytes(network: Network, microBatchSize: number, unfreezeFrom: string | null): number {
  return (
    planTraining(planNetwork(network), {
      batchSize: microBatchSize,
      ...trainableFrom(network, unfreezeFrom),
    }).totalBytes / PLANNED_SHARE
  );
}

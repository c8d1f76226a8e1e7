// Before training: how many pictures of a batch fit into the memory there is at once, from the network's plan.

import type { Network } from '../../core/network/description/network.ts';
import { firstTrainable } from '../../core/network/description/trainable-from.ts';
import { formatBytes } from '../../core/network/plan/format-quantities.ts';
import { largestBatch, planNetwork, planTraining } from '../../core/network/plan/plan.ts';
import type { MachineMemory } from './machine-memory.ts';

/**
 * Of the free memory, planned for. Steps of MobileNetV2 and ResNet50 took 82 to 117 % of the plan, on the native and on the
 * portable back end.
 */
export const PLANNED_SHARE = 0.8;

export interface PlanMicroBatchOptions {
  readonly network: Network;
  /** Pictures of a batch. */
  readonly batchSize: number;
  /** The first layer that learns, or its block; null where all learn. */
  readonly unfreezeFrom: string | null;
  readonly memory: MachineMemory;
}

export interface PlannedMicroBatch {
  readonly microBatchSize: number;
  readonly reason: string;
}

/** As planTraining takes it, which knows layers alone. */
const trainableFrom = (network: Network, unfreezeFrom: string | null) =>
  unfreezeFrom === null ? {} : { trainableFrom: firstTrainable(network, unfreezeFrom) };

/** The batch halved until a part of it fits, 1 where none does; undefined where all of it fits. */
export function planMicroBatch({
  network,
  batchSize,
  unfreezeFrom,
  memory,
}: PlanMicroBatchOptions): PlannedMicroBatch | undefined {
  const plan = planNetwork(network);
  const options = trainableFrom(network, unfreezeFrom);
  const largest = largestBatch(plan, PLANNED_SHARE * memory.freeBytes, options);
  if (batchSize <= largest) return undefined;
  let microBatchSize = batchSize;
  while (microBatchSize > 1 && microBatchSize > largest) microBatchSize = Math.floor(microBatchSize / 2);
  if (microBatchSize === batchSize) return undefined;
  const { totalBytes } = planTraining(plan, { ...options, batchSize });
  return {
    microBatchSize,
    reason:
      `Batches of ${batchSize} are taken ${microBatchSize} at a time, and their gradients added up: by the plan a whole batch needs ` +
      `${formatBytes(totalBytes)}, and ${formatBytes(memory.freeBytes)} of ${memory.freeName} are free.`,
  };
}

/** Memory that a stage needs, by the plan; its process comes on top. */
export function plannedBytes(network: Network, microBatchSize: number, unfreezeFrom: string | null): number {
  return (
    planTraining(planNetwork(network), {
      batchSize: microBatchSize,
      ...trainableFrom(network, unfreezeFrom),
    }).totalBytes / PLANNED_SHARE
  );
}

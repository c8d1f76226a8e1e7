// How much memory decoded pictures may take, so that later epochs decode nothing.

import type { BackendName } from '../tensorflow/engine/engine.ts';
import type { MachineMemory } from './machine-memory.ts';

const GIB = 2 ** 30;
/** What a trainer takes beside pictures where a GPU computes: CUDA, its libraries, and batches on their way. */
const TRAINER_BYTES = 4 * GIB;
/** Share of the rest for pictures: readers, reports and checkpoints need some, too. */
const PICTURE_SHARE = 0.5;
/** Where processors compute, steps need the memory themselves: 256 MiB for each split. */
const LEAST_BYTES = 0.5 * GIB;

/** Bytes that the decoded pictures of both splits may take in memory. */
export const pictureMemoryBytes = (backend: BackendName, { limitBytes }: MachineMemory): number =>
  backend === 'gpu' ? Math.max(LEAST_BYTES, PICTURE_SHARE * (limitBytes - TRAINER_BYTES)) : LEAST_BYTES;

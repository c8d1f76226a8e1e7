// Opens what a job trains on: the back end of TensorFlow.js, and the memory that this machine has for it.

import { PLANNED_SHARE } from '../../core/job/recipe/gpu-batch-size.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { AttemptContext } from '../attempt/attempt-context.ts';
import type { Engine } from '../tensorflow/engine/engine.ts';
import { openEngine } from '../tensorflow/open-engine.ts';
import { type MachineMemory, readMachineMemory } from './machine-memory.ts';

/** A back end and its memory. */
export interface Machine {
  readonly engine: Engine;
  readonly memory: MachineMemory;
}

/**
 * Opens the back end that the job names and tells the job which one it is.
 * @param compiles whether XLA compiles what runs on a GPU.
 * @throws {FoveaError} `backend-unavailable`.
 */
export async function openMachine(
  {
    reporter,
    memoryLimitBytes,
    cacheDirectory,
  }: Pick<AttemptContext, 'reporter' | 'memoryLimitBytes' | 'cacheDirectory'>,
  { backend }: Pick<JobRecord, 'backend'>,
  compiles: boolean,
): Promise<Machine> {
  const { freeBytes } = await readMachineMemory('portable', memoryLimitBytes);
  const engine = await openEngine({
    backend,
    memoryBytes: PLANNED_SHARE * freeBytes,
    compiles,
    cacheDirectory,
  });
  const { info } = engine;
  await reporter.message(`TensorFlow.js runs on the ${info.backend} back end: ${info.reason}`, { ...info });
  return {
    engine,
    memory: await readMachineMemory(info.backend, memoryLimitBytes, info.devices.length),
  };
}

// Opens what one training works with: its network, the input of that network, its memory, and the checkpoints that an
// earlier attempt left. Each stage declares which of these it needs.

import { tmpdir } from 'node:os';
import { framingOf, type ModelInput } from '../core/image/model-input.ts';
import type { Savings } from '../core/job/recipe/memory-record.ts';
import type { JobRecord } from '../core/job/record/job.ts';
import type { Network } from '../core/network/description/network.ts';
import type { AttemptContext } from './attempt/attempt-context.ts';
import { trainingInput } from './base/training-input.ts';
import type { Decision } from './decide/decide-recipe.ts';
import { featuresBatchSize } from './examples/picture-backbone.ts';
import type { KeptPictures } from './examples/picture-reader.ts';
import type { InspectedJob } from './inspect/inspect-job.ts';
import { EVALUATION_BATCH_SIZE } from './judge/judge-model.ts';
import { type JobMemory, openJobMemory } from './memory/job-memory.ts';
import type { Machine } from './memory/open-machine.ts';
import { pictureMemoryBytes } from './memory/picture-memory.ts';
import { inputSizeOf } from './memory/remedies.ts';
import type { Engine } from './tensorflow/engine/engine.ts';
import { openRunCheckpoints, type RunCheckpoints, runFingerprint } from './training/run-checkpoints.ts';

/** What all trainings of a job share. */
export type PreparedJob = AttemptContext & InspectedJob & { readonly machine: Machine };

/** One training of a job: its own, or a trial's. */
export interface Training extends AttemptContext, InspectedJob {
  /** The job's record; in a trial, with the trial's settings. */
  readonly job: JobRecord;
  /** Number of the trial in its sweep, from 1. */
  readonly trial?: number;
  readonly seed: number;
  readonly classes: number;
  readonly engine: Engine;
  readonly decision: Decision;
  readonly memory: JobMemory;
  /** What the out-of-memory remedies save that were taken so far. */
  readonly savings: Savings;
  /** The network that the base built: the whole classifier, or the head of an imported backbone. */
  readonly network: Network;
  readonly input: ModelInput;
  readonly checkpoints: RunCheckpoints;
  /** Where decoded pictures are kept. */
  readonly keptPictures: KeptPictures;
}

/** Opens the memory of a training, with the remedies of earlier attempts. @throws {FoveaError} `out-of-memory`. */
export async function startMemory(
  { reporter, machine, base, inspection }: PreparedJob,
  job: JobRecord,
  { partSizes, resolved, stages, exactHead }: Decision,
): Promise<JobMemory> {
  const situation = { base, classes: inspection.classes.length };
  const memory = openJobMemory({ job, reporter, machine: machine.memory, situation });
  await memory.start({
    partSizes,
    unfreezeFrom: resolved.unfreezeFrom,
    isFirst: job.resolved === null,
    batchSizes: {
      features: featuresBatchSize(machine.engine, base.imported === undefined),
      evaluation: EVALUATION_BATCH_SIZE,
      ...Object.fromEntries(
        [...stages]
          // A head that is solved has no batches that could be smaller.
          .filter(([name]) => name !== 'head' || exactHead === undefined)
          .map(([name, { batchSize }]) => [name, batchSize]),
      ),
    },
  });
  return memory;
}

/** Builds the network in the size that memory allows, and opens the checkpoints. */
export async function openTraining(
  known: PreparedJob &
    Pick<Training, 'job' | 'decision' | 'memory' | 'savings'> & { readonly trial?: number },
): Promise<Training> {
  const { machine, job, base, inspection, savings } = known;
  const classes = inspection.classes.length;
  const inputSize = inputSizeOf(base, savings);
  const input = trainingInput(base, inputSize, framingOf(known.decision.resolved));
  const checkpoints = await openRunCheckpoints(
    known,
    runFingerprint({ job, input, inspection, backboneHash: base.imported?.sha256 }),
  );
  const network = base.build({ inputSize, classes });
  const keptPictures: KeptPictures = {
    memoryBytes: pictureMemoryBytes(machine.engine.info.backend, machine.memory),
    directory: tmpdir(),
  };
  return {
    ...known,
    engine: machine.engine,
    seed: job.seed,
    classes,
    network,
    input,
    checkpoints,
    keptPictures,
  };
}

// A job's checkpoints as its attempts use them: what the last attempt left, and what this one writes.

import { createHash } from 'node:crypto';
import type { DatasetInspection } from '../../core/dataset/inspect-dataset.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import { createCheckpoints } from '../../core/job/checkpoints/checkpoints.ts';
import { STAGE_NAMES, type StageName } from '../../core/job/recipe/stage-lengths.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { fromCheckpointFile, toCheckpointFile } from './fit-checkpoint.ts';
import type { FitState } from './fit-state.ts';

export interface RunCheckpoints {
  /** What the newest checkpoint knows of a stage; undefined where the stage has not begun. */
  resume(stage: StageName): FitState | undefined;
  /** The stage that the newest checkpoint is of. */
  readonly resumedStage: StageName | undefined;
  save(stage: StageName, state: FitState): Promise<void>;
}

export interface RunCheckpointsDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly job: JobRecord;
  /** Number of the trial in its sweep, from 1. */
  readonly trial?: number;
}

/** What decides the course of a run, beside the code. */
export interface RunSettings {
  readonly job: JobRecord;
  readonly input: ModelInput;
  readonly inspection: DatasetInspection;
  /** Of an imported backbone: a name may stand for another file where somebody has deleted the first. */
  readonly backboneHash: string | undefined;
}

/**
 * Hash of what decides the course of a run. The back end is not in it: the numbers mean the same on all of them.
 */
export function runFingerprint({ job, input, inspection, backboneHash }: RunSettings): string {
  const { architecture, seed, hyperparameters, recipe, split } = job;
  const items = inspection.items.map((item) => [item.contentHash, item.classIndex, item.split]);
  return createHash('sha256')
    .update(
      JSON.stringify({
        architecture,
        backboneHash,
        seed,
        hyperparameters,
        recipe,
        split,
        input,
        items,
        classes: inspection.classes,
      }),
    )
    .digest('hex');
}

/** Opens a job's checkpoints and says in its events which one is resumed, and which ones cannot be. */
export async function openRunCheckpoints(
  { store, reporter, job, trial }: RunCheckpointsDeps,
  fingerprint: string,
): Promise<RunCheckpoints> {
  const checkpoints = createCheckpoints({ store, jobId: job.id, trial });
  const found = await checkpoints.newest(
    (file, key) => fromCheckpointFile(file, fingerprint, key),
    (key, error) =>
      reporter.warn(`The checkpoint "${key}" is passed over. ${error.message}`, {
        error_code: error.code,
        checkpoint: key,
      }),
  );
  const resumedStage = STAGE_NAMES.find((name) => name === found?.stage);
  if (found !== undefined) {
    const { epoch, batch, isFinished } = found.state;
    await reporter.message(
      isFinished
        ? `The job goes on after the stage "${found.stage}", which an earlier attempt finished.`
        : `The job goes on in the stage "${found.stage}" at epoch ${epoch}, step ${batch + 1}, where an earlier attempt stopped.`,
      { stage: found.stage, epoch, batch, attempt: job.attempts },
    );
  }
  return {
    resumedStage,
    resume: (stage) => (found !== undefined && stage === resumedStage ? found.state : undefined),
    async save(stage, state) {
      await checkpoints.save(toCheckpointFile({ fingerprint, stage, state }));
      const { epoch, batch, isFinished } = state;
      reporter.cameTo([trial ?? 0, STAGE_NAMES.indexOf(stage), Number(isFinished), epoch, batch]);
    },
  };
}

// The checkpoints of a job: the one that an attempt resumes from, and those that it writes.

import { createHash } from 'node:crypto';
import type { DatasetInspection } from '../../core/dataset/inspect-dataset.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import { checkpointUnfit, createCheckpoints } from '../../core/job/checkpoints/checkpoints.ts';
import { RUN_NAMES, type RunName } from '../../core/job/recipe/stage-lengths.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { CHECKPOINT_DAYS } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { fromCheckpointFile, toCheckpointFile } from './fit-checkpoint.ts';
import type { FitState } from './fit-state.ts';
import type { Carried } from './verdict.ts';

/** The checkpoints of one run, which is a job or a trial of a sweep. */
export interface RunCheckpoints {
  /** What the newest checkpoint knows of a run; undefined where it is of another one. */
  resume(run: RunName): FitState | undefined;
  /** The run that the newest checkpoint is of. */
  readonly resumedRun: RunName | undefined;
  /** What the runs before that of the newest checkpoint have come to. */
  readonly carried: Carried;
  /**
   * Writes a checkpoint and reports to the job's record how far it has come.
   * @param carried what earlier runs have come to.
   */
  save(run: RunName, state: FitState, carried?: Carried): Promise<void>;
}

/** What {@link openRunCheckpoints} works with. */
export interface RunCheckpointsDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly job: JobRecord;
  /** Number of the trial in its sweep, from 1. */
  readonly trial?: number;
}

/** Everything that decides the course of a run, beside the code. */
export interface RunSettings {
  readonly job: JobRecord;
  readonly input: ModelInput;
  readonly inspection: DatasetInspection;
  /** sha256 of an imported backbone: its name may stand for another file where somebody has deleted the first. */
  readonly backboneHash: string | undefined;
}

/**
 * sha256, in hexadecimal, of what decides the course of a run: a checkpoint with another fingerprint is not resumed. The
 * back end is not in it: the numbers mean the same on all of them.
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

/** Opens a job's checkpoints, and reports as events which one is resumed and which ones cannot be. */
export async function openRunCheckpoints(
  { store, reporter, job, trial }: RunCheckpointsDeps,
  fingerprint: string,
): Promise<RunCheckpoints> {
  const checkpoints = createCheckpoints({ store, jobId: job.id, trial });
  const found = await checkpoints.newest(
    (file, key) => fromCheckpointFile(file, fingerprint, key),
    (key, error) =>
      reporter.warn(`The checkpoint "${key}" is skipped. ${error.message}`, {
        error_code: error.code,
        checkpoint: key,
      }),
  );
  if (found === undefined && job.fromCheckpoint !== undefined)
    throw checkpointUnfit(
      `the dataset, or a file of the base, has changed since job "${job.fromCheckpoint.jobId}" wrote it. Resume that job, or train anew`,
    );
  // Of a trial, the job's record does not say how far it had come.
  if (job.furthest !== null && trial === undefined && !(await checkpoints.exist()))
    await reporter.warn(
      `The job begins anew: none of its checkpoints is left. They are kept for ${CHECKPOINT_DAYS} days after they were written.`,
      { attempt: job.attempts },
    );
  const resumedRun = RUN_NAMES.find((name) => name === found?.stage);
  if (found !== undefined) {
    const { epoch, batch, isFinished } = found.state;
    await reporter.message(
      isFinished
        ? `The job resumes after the stage "${found.stage}", which an earlier attempt finished.`
        : `The job resumes in the stage "${found.stage}" at epoch ${epoch}, step ${batch + 1}, where an earlier attempt stopped.`,
      { stage: found.stage, epoch, batch, attempt: job.attempts },
    );
  }
  return {
    resumedRun,
    carried: found?.carried ?? {},
    resume: (run) => (found !== undefined && run === resumedRun ? found.state : undefined),
    async save(run, state, carried = {}) {
      await checkpoints.save(toCheckpointFile({ fingerprint, stage: run, state, carried }));
      const { epoch, batch, isFinished } = state;
      const { folds = [] } = carried;
      // The runs without a fold take the place of the stage itself.
      const place = RUN_NAMES.indexOf(run === 'fold' ? 'full' : run);
      const finished = 2 * (run === 'fold' ? folds.length : 0) + Number(isFinished);
      reporter.cameTo([trial ?? 0, place, finished, epoch, batch]);
    },
  };
}

// Decides how a job is trained, and writes the decision into its record and events. Later attempts keep to it.

import os from 'node:os';
import { describeStages, type ResolvedRecipe } from '../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { decideFraming } from '../base/decide-framing.ts';
import type { InspectedJob } from '../inspect/inspect-job.ts';
import type { Machine } from '../memory/open-machine.ts';
import { type Decision, decideRecipe } from './decide-recipe.ts';

/** What a decision is made from, and who is told of it. */
export interface DecideDeps extends Pick<InspectedJob, 'base' | 'inspection' | 'splits'> {
  readonly machine: Machine;
  readonly reporter: Pick<JobReporter, 'setResolved' | 'message'>;
}

/** Decides what the job, or a trial of it, leaves to `auto`. */
export async function decide(
  { base, inspection, splits, machine, reporter }: DecideDeps,
  job: JobRecord,
): Promise<Decision> {
  const classes = inspection.classes.length;
  const { framing, reason } = decideFraming({ job, base, pictures: [...splits.train, ...splits.validation] });
  const decided = decideRecipe({
    job,
    base,
    network: base.build({ inputSize: base.defaultInputSize, classes }),
    backend: machine.engine.info.backend,
    labels: Int32Array.from(splits.train, (item) => item.classIndex),
    validation: splits.validation.length,
    hasValidationFolder: inspection.hasValidationFolder,
    classes,
    processors: os.availableParallelism(),
    memory: machine.memory,
  });
  const reasons = reason === null ? [] : [reason];
  const decision: Decision = {
    ...decided,
    resolved: { ...decided.resolved, ...framing, reasons: [...reasons, ...decided.resolved.reasons] },
  };
  if (job.resolved !== null) {
    const moved = describeMove(job.resolved, decision);
    if (moved !== undefined) await reporter.message(moved);
    return decision;
  }
  const { resolved } = decision;
  await reporter.setResolved(resolved);
  const stages = describeStages(resolved).join('; then ');
  await reporter.message([`Stages: ${stages}.`, ...resolved.reasons].join(' '), { ...resolved });
  return decision;
}

/** What becomes of a decision that was made on another back end; undefined where it was made on this one. */
function describeMove(before: ResolvedRecipe, { resolved }: Decision): string | undefined {
  if (before.backend === undefined || before.backend === resolved.backend) return undefined;
  const precisionOf = ({ stages }: ResolvedRecipe) =>
    Object.values(stages).some(({ precision }) => precision === 'mixed') ? 'mixed precision' : 'float32';
  const [was, is] = [precisionOf(before), precisionOf(resolved)];
  return (
    `The job was decided for the ${before.backend} back end, and this attempt runs on ${resolved.backend}: it keeps its stages, ` +
    `layers and batches${was === is ? '' : `, and computes in ${is} instead of ${was}`}.`
  );
}

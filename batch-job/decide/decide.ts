// Decides how a job is trained, and writes the decision into its record and events. Later attempts keep to it.

import { describeStages } from '../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
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
  const decision = decideRecipe({
    job,
    base,
    network: base.build({ inputSize: base.defaultInputSize, classes }),
    backend: machine.engine.info.backend,
    labels: Int32Array.from(splits.train, (item) => item.classIndex),
    classes,
    memory: machine.memory,
  });
  if (job.resolved !== null) return decision;
  const { resolved } = decision;
  await reporter.setResolved(resolved);
  const stages = describeStages(resolved).join('; then ');
  await reporter.message([`Stages: ${stages}.`, ...resolved.reasons].join(' '), { ...resolved });
  return decision;
}

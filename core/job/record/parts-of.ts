// The parts of a job that may run side by side, each with a record of its own (trial-records.ts): the trials of a sweep, or the shards
// of a batch prediction.

import { type TrialSettings, trialsOf } from '../recipe/sweep.ts';
import type { JobRecord } from './job.ts';

/** The settings of each part, none for those of a batch prediction. A job that runs as one has no parts. */
export function partsOf({
  sweep,
  prediction,
}: Pick<JobRecord, 'sweep' | 'prediction'>): readonly TrialSettings[] {
  if (prediction !== undefined) return Array.from({ length: prediction.shards }, () => ({}));
  return sweep === null ? [] : trialsOf(sweep);
}

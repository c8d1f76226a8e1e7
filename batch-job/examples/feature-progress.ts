// Shows how far the features of pictures are.

import type { JobReporter } from '../attempt/job-reporter.ts';
import type { JobMemory } from '../memory/job-memory.ts';

/** Whom the counts are told. */
export interface CountFeaturesDeps {
  readonly reporter: Pick<JobReporter, 'startStage' | 'update'>;
  readonly memory: Pick<JobMemory, 'check'>;
}

/**
 * Begins to count pictures whose features are computed while a model is judged, and looks after the memory with each count.
 * @param steps pictures in all.
 * @returns takes how many more there are now.
 */
export function countFeatures(
  { reporter, memory }: CountFeaturesDeps,
  steps: number,
): (count: number) => void {
  reporter.startStage('evaluating', { step: 0, steps });
  let step = 0;
  return (count) => {
    step += count;
    reporter.update({ step });
    memory.check();
  };
}

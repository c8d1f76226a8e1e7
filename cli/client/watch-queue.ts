// Tells once which jobs are before one that does not start. Events tell what the queue itself knows.

import type { WireJob } from '../../api/job.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { firstOf } from '../../core/words/quantities.ts';

const NAMED_JOBS = 3;
/** Polls after which a waiting job is not just about to start. */
const LOOKS = 3;

/**
 * A watch over one job, which tells at the third poll that finds it waiting which jobs are before it.
 * @param print writes a line for a person.
 */
export function watchQueue({ jobs }: FoveaClient, print: (line: string) => void) {
  let looks = 0;
  return {
    /** Takes the job as each poll finds it. */
    async look(job: WireJob): Promise<void> {
      if (job.status !== 'queued' && job.status !== 'validating_files') return;
      if (++looks !== LOOKS) return;
      const before = await jobs.openBefore(job.id);
      const [first] = before;
      if (first !== undefined) print(describe(first, before));
    },
  };
}

function describe(first: WireJob, before: readonly WireJob[]): string {
  const jobs = before.map(({ id, model, dataset, status }) => `${id} (${model} on "${dataset}", ${status})`);
  return (
    `! The job is in the queue after ${firstOf(jobs, NAMED_JOBS)}. ` +
    `To cancel ${before.length === 1 ? 'that job' : 'the first of them'}: ${shownCommand('jobs', 'cancel', first.id)}`
  );
}

// Which jobs are before one that does not start, told once. What its queue knows comes as events.

import type { WireJob } from '../../api/job.ts';
import type { ApiClient } from './api-client.ts';

const NAMED_JOBS = 3;
/** Seen waiting so often, a job is not just about to start. */
const LOOKS = 3;

/** @param print gets a line for a person. */
export function watchQueue(api: ApiClient, print: (line: string) => void) {
  let looks = 0;
  return {
    /** Looks at the queue while `job`, as it is now, waits in it. */
    async look(job: WireJob): Promise<void> {
      if (job.status !== 'queued' && job.status !== 'validating_files') return;
      if (++looks !== LOOKS) return;
      const before = await api.openJobsBefore(job.id);
      if (before.length > 0) print(describe(before, api));
    },
  };
}

function describe(before: readonly WireJob[], api: ApiClient): string {
  const [first] = before;
  const named = before
    .slice(0, NAMED_JOBS)
    .map(({ id, model, dataset, status }) => `${id} (${model} on "${dataset}", ${status})`);
  const more = before.length > named.length ? ` and ${before.length - named.length} more` : '';
  return (
    `! The job is in the queue after ${named.join(', ')}${more}. ` +
    `To end ${before.length === 1 ? 'that one' : 'the first of them'}: curl -X POST ${api.cancelUrl(first?.id ?? '')}`
  );
}

// Why a job does not start yet, told once: jobs before it, or what the queue says.

import type { WireJob } from '../api/job.ts';
import type { ApiClient } from './api-client.ts';

const NAMED_JOBS = 3;

/** @param print gets a line for a person. */
export function watchQueue(api: ApiClient, print: (line: string) => void) {
  let told: string | undefined;
  let hasLooked = false;
  return {
    /** Looks at the queue while `job`, as it is now, waits in it. */
    async look(job: WireJob): Promise<void> {
      if (job.status !== 'queued' && job.status !== 'validating_files') return;
      if (job.queued_reason !== null && job.queued_reason !== told) {
        told = job.queued_reason;
        print(`! The job waits: ${told}`);
      }
      if (hasLooked) return;
      hasLooked = true;
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
    `! The job waits for ${before.length === 1 ? 'the one' : `the ${before.length}`} before it: ${named.join(', ')}${more}. ` +
    `To end ${before.length === 1 ? 'it' : 'one'}: curl -X POST ${api.cancelUrl(first?.id ?? '')}`
  );
}

// A trainer that trains nothing: it takes a job or a trial of it as the real one does, comes some steps further, and notes in the store
// that it has run. What it leaves behind shows how often a job was begun and finished.

import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CODE_OF } from '../../batch-job/attempt/exit-code-of.ts';
import { type RunJobDeps, runAttempt } from '../../batch-job/attempt/run-attempt.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { openTrial } from '../../core/job/record/trial-records.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';

const {
  FOVEA_STORE_URL = '',
  FOVEA_JOB_ID = '',
  FOVEA_LEASE_OWNER = '',
  FOVEA_TRIAL,
  STUB_STEPS = '1',
  STUB_STEP_MS = '10',
} = process.env;
const terminated = new AbortController();
process.on('SIGTERM', () => terminated.abort());

const store = await openObjectStore(FOVEA_STORE_URL);
const jobs = createJobStore({ store, now: Date.now });
const trial = FOVEA_TRIAL === undefined ? undefined : Number(FOVEA_TRIAL);
const deps: RunJobDeps = {
  store,
  jobs,
  now: Date.now,
  leaseOwner: FOVEA_LEASE_OWNER,
  weightsDir: undefined,
  cacheDirectory: '',
  terminated: terminated.signal,
  onUnexpectedError: (error) => console.error(error),
};
/** Keys of the cache may be deleted at any time, so that no test of listings meets them. */
const note = (what: string) =>
  store.put(`cache/${what}/${FOVEA_JOB_ID}/${trial ?? 'job'}/${FOVEA_LEASE_OWNER}`, String(Date.now()));

const outcome = await runAttempt(deps, FOVEA_JOB_ID, async () => {
  const opened = trial === undefined ? undefined : await openTrial(deps, FOVEA_JOB_ID, trial);
  if (trial !== undefined && opened === undefined) return undefined;
  return {
    jobs: opened ?? jobs,
    isBegun: false,
    async carryOut({ reporter }, job) {
      await note('begun');
      const [from = 0] = job.furthest?.position ?? [];
      try {
        for (let step = from; step < Number(STUB_STEPS); step++) {
          await sleep(Number(STUB_STEP_MS), undefined, { signal: reporter.signal });
          reporter.cameTo([step + 1]);
        }
      } finally {
        await note('ended');
      }
      await note('finished');
      if (opened !== undefined && trial !== undefined)
        await opened.addResult({
          trial,
          settings: opened.settings,
          validationLoss: trial,
          validationAccuracy: 0,
          givenUp: { savings: job.memory.savings, taken: [] },
        });
      return { changes: {}, message: 'Done.', data: {} };
    },
    close: async () => opened?.close(),
  };
});
process.exit(EXIT_CODE_OF[outcome]);

// Decides, when a version has been committed, whether predictions use it, and tells the job what was decided and why.

import { isFoveaError } from '../../core/errors/errors.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { describePromotion, promoteCall, settlePromotion } from '../../core/model/settle-promotion.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Judgement } from '../judge/judge-model.ts';
import { type CompareDeps, compareWithLive } from './compare-with-live.ts';

/** The job, its reporter, and what a comparison needs. */
export interface PromoteDeps extends Omit<CompareDeps, 'signal'> {
  readonly job: Pick<JobRecord, 'promote'>;
  readonly reporter: JobReporter;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Makes a committed version live, where the rule or the request says so. A comparison that fails leaves the live version as it is. */
export async function promoteModel(
  { job, reporter, now, ...deps }: PromoteDeps,
  manifest: Manifest,
  judgement: Pick<Judgement, 'judgedOn' | 'judged'>,
): Promise<void> {
  const { signal } = reporter;
  const decision = await settlePromotion(deps.store, manifest, {
    policy: job.promote ?? 'auto',
    now,
    compare: async (live) => {
      try {
        return await compareWithLive({ ...deps, signal }, judgement, live);
      } catch (error) {
        signal.throwIfAborted();
        await reporter.warn(
          `The live version ${live.version} could not be compared with the new one: ${error instanceof Error ? error.message : String(error)}`,
          { error_code: isFoveaError(error) ? error.code : null },
        );
        return 'comparison-failed';
      }
    },
  });
  const { promoted, reason, before, answers } = decision;
  await reporter.message(describePromotion(manifest, decision), {
    promoted,
    reason,
    model: manifest.model,
    model_version: manifest.version,
    live_version: promoted ? manifest.version : before,
    live_version_before: before ?? null,
    ...(answers === undefined
      ? {}
      : {
          pictures: answers.pictures,
          right: answers.newRight,
          right_of_live: answers.liveRight,
          only_right: answers.onlyNewRight,
          only_right_of_live: answers.onlyLiveRight,
        }),
    ...(promoted ? {} : { promote: promoteCall(manifest) }),
  });
}

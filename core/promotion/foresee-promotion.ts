// Says, before a job is made, which version is live and what would become of it.

import type { DatasetInspection } from '../dataset/inspect-dataset.ts';
import { isFoveaError } from '../errors/errors.ts';
import type { PromotePolicy } from '../job/recipe/promote-policy.ts';
import type { Manifest } from '../model/manifest.ts';
import { hasSameClasses } from '../model/promotion.ts';
import { readManifest } from '../model/read-manifest.ts';
import { resolveVersion } from '../model/versions.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { MIN_COMMON_PICTURES, PROMOTION_REASONS } from '../words/promotion.ts';
import { commonPictures } from './common-pictures.ts';

/** What a job would do to the live version. */
export interface ForeseenPromotion {
  /** The version that predictions use now; null where there is none. */
  readonly liveVersion: string | null;
  /** What would become of it, in a sentence. */
  readonly outlook: string;
}

/** The job, as far as it matters. */
export interface ForeseenJob {
  readonly model: string;
  readonly policy: PromotePolicy;
  /** Its dataset as the job would see it. */
  readonly inspection: Pick<DatasetInspection, 'dataset' | 'classes' | 'items' | 'contentHash'>;
}

/** Foresees what a job would do to the live version. @throws {FoveaError} what reading the store throws. */
export async function foreseePromotion(store: ObjectStore, job: ForeseenJob): Promise<ForeseenPromotion> {
  const { model } = job;
  const liveVersion = await resolveVersion(store, model).catch((error: unknown) => {
    if (isFoveaError(error, 'model-not-found')) return null;
    throw error;
  });
  if (liveVersion === null)
    return { liveVersion, outlook: `Model "${model}" has no version yet: the first becomes live.` };
  const live = await readManifest(store, model, liveVersion).catch((error: unknown) => {
    if (isFoveaError(error)) return undefined;
    throw error;
  });
  const { promotes, why } = await outlookOf(store, job, live);
  const now = `Version ${liveVersion} of model "${model}" is live`;
  return { liveVersion, outlook: promotes ? `${now}; ${why}` : `${now} and stays so: ${why}` };
}

/** As the job decides in the end, as far as that is known before a training. */
async function outlookOf(
  store: ObjectStore,
  { policy, inspection }: ForeseenJob,
  live: Manifest | undefined,
): Promise<{ readonly promotes: boolean; readonly why: string }> {
  const stays = (why: string) => ({ promotes: false, why });
  if (policy === 'always')
    return { promotes: true, why: 'the new version takes its place, as "promote" says.' };
  if (policy === 'never') return stays('"promote" says so.');
  const unread = stays('it cannot be compared with a new one, because it cannot be read.');
  if (live === undefined) return unread;
  if (!hasSameClasses(live.labels, inspection.classes))
    return stays('the classes of the dataset are not its classes.');
  const common = await commonPictures({ store, inspection }, live).catch((error: unknown) => {
    if (isFoveaError(error)) return undefined;
    throw error;
  });
  if (common === undefined) return unread;
  if (common === 'other-dataset')
    return stays('it was not trained on this dataset, so that it cannot be compared.');
  if (typeof common === 'string') return stays(`${PROMOTION_REASONS[common]}.`);
  if (common.length < MIN_COMMON_PICTURES)
    return stays(
      `${common.length} test pictures are new to it, and ${MIN_COMMON_PICTURES} are needed for a comparison.`,
    );
  return {
    promotes: true,
    why: 'the new version takes its place if it is not worse on test pictures that neither was trained on.',
  };
}

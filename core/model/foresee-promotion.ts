// Says, before a job is made, which version is live and what would become of it.

import { isFoveaError } from '../errors/errors.ts';
import type { PromotePolicy } from '../job/recipe/promote-policy.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { hasSameClasses, MIN_COMMON_PICTURES } from './promotion.ts';
import { readManifest } from './read-manifest.ts';
import { resolveVersion } from './versions.ts';

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
  /** The names of its dataset: the present one, and earlier ones. */
  readonly datasetNames: ReadonlySet<string>;
  readonly policy: PromotePolicy;
  readonly classes: readonly string[];
  /** Pictures of its test split. */
  readonly testPictures: number;
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
  const { promotes, why } = outlookOf(job, live);
  const now = `Version ${liveVersion} of model "${model}" is live`;
  return { liveVersion, outlook: promotes ? `${now}; ${why}` : `${now} and stays so: ${why}` };
}

function outlookOf(
  { datasetNames, policy, classes, testPictures }: ForeseenJob,
  live: { readonly labels: readonly string[]; readonly dataset: string | null } | undefined,
): { readonly promotes: boolean; readonly why: string } {
  const stays = (why: string) => ({ promotes: false, why });
  if (policy === 'always')
    return { promotes: true, why: 'the new version takes its place, as "promote" says.' };
  if (policy === 'never') return stays('"promote" says so.');
  if (live === undefined) return stays('it cannot be compared with a new one, because it cannot be read.');
  if (!hasSameClasses(live.labels, classes)) return stays('the classes of the dataset are not its classes.');
  if (live.dataset === null || !datasetNames.has(live.dataset))
    return stays('it was not trained on this dataset, so that it cannot be compared.');
  if (testPictures < MIN_COMMON_PICTURES)
    return stays(
      `the test split has ${testPictures} pictures, and ${MIN_COMMON_PICTURES} are needed for a comparison.`,
    );
  return {
    promotes: true,
    why: 'the new version takes its place if it is not worse on test pictures that neither was trained on.',
  };
}

// Publishes a version and decides whether it becomes live. Predictions keep the version that they had unless the rule, or the request,
// says otherwise. Knows no training: whoever has the pictures brings the comparison.

import { isFoveaError } from '../errors/errors.ts';
import type { PromotePolicy } from '../job/recipe/promote-policy.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { PROMOTION_REASONS, type PromotionReason } from '../words/promotion.ts';
import { commitModel, type ModelFiles } from './commit-model.ts';
import { changeLiveRecord, type LiveRecord, readLiveRecord, withLive } from './live-record.ts';
import type { Manifest } from './manifest.ts';
import { hasSameClasses, isNotWorse, type PairedAnswers } from './promotion.ts';
import { readManifest } from './read-manifest.ts';
import { isCommitted, resolveVersion } from './versions.ts';

/** What was decided on a new version. */
export interface Promotion {
  readonly promoted: boolean;
  readonly reason: PromotionReason;
  /** The version that was live before; undefined where none was. */
  readonly before: string | undefined;
  /** The versions' answers, where they were compared. */
  readonly answers?: PairedAnswers;
}

/** How to decide. */
export interface SettleOptions {
  readonly policy: PromotePolicy;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Compares the new version with the live one, or says why that is not possible. Default: there are no pictures. */
  readonly compare?: (live: Manifest) => Promise<PairedAnswers | PromotionReason>;
}

/** Another version may become live while two are compared. */
const TRIES = 3;

/**
 * Commits a version without changing what predictions use: the version that they used before is live from now on. A first version
 * becomes live.
 * @throws {FoveaError} what {@link commitModel} throws.
 */
export async function publishVersion(
  store: ObjectStore,
  manifest: Manifest,
  files: ModelFiles,
): Promise<void> {
  await keepLive(store, manifest.model);
  await commitModel(store, manifest, files);
  await changeLiveRecord(store, manifest.model, (record) =>
    record.version === undefined ? withLive(record, manifest.version, 0) : undefined,
  );
}

/** Makes live what predictions use, in a model of a store that knew no live versions. */
async function keepLive(store: ObjectStore, model: string): Promise<void> {
  if ((await readLiveRecord(store, model))?.version !== undefined) return;
  const served = await resolveVersion(store, model).catch((error: unknown) => {
    if (isFoveaError(error, 'model-not-found')) return undefined;
    throw error;
  });
  if (served === undefined) return;
  await changeLiveRecord(store, model, (record) =>
    record.version === undefined && !record.deleted.includes(served)
      ? withLive(record, served, 0)
      : undefined,
  );
}

/**
 * Decides whether a published version becomes live, and makes it so.
 * @throws {FoveaError} what reading the store throws.
 */
export async function settlePromotion(
  store: ObjectStore,
  manifest: Manifest,
  { policy, now, compare = async () => 'no-pictures' }: SettleOptions,
): Promise<Promotion> {
  const { model, version } = manifest;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = (await readLiveRecord(store, model))?.version;
    if (before === version || before === undefined)
      return { promoted: true, reason: 'first', before: undefined };
    const kept = (reason: PromotionReason, answers?: PairedAnswers): Promotion => ({
      promoted: false,
      reason,
      before,
      ...(answers === undefined ? {} : { answers }),
    });
    if (policy === 'never') return kept('asked-not');
    let answers: PairedAnswers | undefined;
    if (policy === 'auto') {
      const live = await readManifest(store, model, before).catch((error: unknown) => {
        if (isFoveaError(error)) return undefined;
        throw error;
      });
      if (live === undefined) return kept('comparison-failed');
      if (!hasSameClasses(live.labels, manifest.labels)) return kept('classes-changed');
      const compared = await compare(live);
      if (typeof compared === 'string') return kept(compared);
      answers = compared;
      if (!isNotWorse(answers)) return kept('worse', answers);
    }
    const record = await changeLiveRecord(store, model, async (current) =>
      current.version === before &&
      current.renamingTo === undefined &&
      (await isThere(store, manifest, current))
        ? withLive(current, version, now())
        : undefined,
    );
    if (record.version === version) {
      const reason = policy === 'always' ? 'asked' : 'not-worse';
      return { promoted: true, reason, before, ...(answers === undefined ? {} : { answers }) };
    }
  }
  return {
    promoted: false,
    reason: 'live-changed',
    before: (await readLiveRecord(store, model))?.version,
  };
}

/** Whether nobody has deleted the version meanwhile. */
const isThere = async (store: ObjectStore, { model, version }: Manifest, { deleted }: LiveRecord) =>
  !deleted.includes(version) && (await isCommitted(store, model, version));

/** The call that makes a version live. */
export const promoteCall = ({ model, version }: Pick<Manifest, 'model' | 'version'>) => ({
  method: 'POST',
  path: `/v1/models/${encodeURIComponent(model)}/promote`,
  body: { version },
});

/** What was decided, in words, with the call that would change it. */
export function describePromotion(
  { model, version }: Pick<Manifest, 'model' | 'version'>,
  { promoted, reason, before, answers }: Promotion,
): string {
  const numbers =
    answers === undefined
      ? ''
      : ` (right on ${answers.newRight} of ${answers.pictures}, version ${before} on ${answers.liveRight})`;
  const why = `${PROMOTION_REASONS[reason]}${numbers}.`;
  if (promoted)
    return before === undefined
      ? `Version ${version} of model "${model}" is live: ${why}`
      : `Version ${version} of model "${model}" is live, in place of version ${before}: ${why} ` +
          `To go back: POST /v1/models/${encodeURIComponent(model)}/rollback`;
  const { method, path, body } = promoteCall({ model, version });
  return (
    `Version ${before} of model "${model}" stays live, and version ${version} is not: ${why} ` +
    `To make it live: ${method} ${path} ${JSON.stringify(body)}`
  );
}

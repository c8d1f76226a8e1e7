// Erases pictures of feedback after the time for which the operator keeps them. Knows no clock.

import { feedbackModel, isFeedbackFile } from '../dataset/keep-feedback.ts';
import { FoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import { erasePictures } from './erase-pictures.ts';
import type { HolderDeps } from './find-holders.ts';

/** Pictures that are erased together. */
const GROUP = 1000;

/**
 * Erases pictures that feedback has kept and that were written before a time, with what was made of them. Other files of these datasets stay.
 *
 * @param beforeMs Unix milliseconds.
 * @param onKept is told of a dataset whose pictures stay for now, because a job uses it.
 */
export async function eraseOldFeedback(
  deps: HolderDeps,
  beforeMs: number,
  onKept: (dataset: string, error: FoveaError) => void,
): Promise<void> {
  const { store } = deps;
  for await (const dataset of store.listFolders(keys.datasets())) {
    if (feedbackModel(dataset) === undefined) continue;
    const prefix = keys.dataset(dataset);
    const old: string[] = [];
    for await (const { key, lastModified } of store.list(prefix))
      if (lastModified.getTime() < beforeMs && isFeedbackFile(key.slice(prefix.length)))
        old.push(key.slice(prefix.length));
    try {
      for (let start = 0; start < old.length; start += GROUP)
        await erasePictures(deps, dataset, old.slice(start, start + GROUP));
    } catch (error) {
      if (!(error instanceof FoveaError)) throw error;
      onKept(dataset, error);
    }
  }
}

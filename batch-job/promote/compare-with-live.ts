// Compares a new version with the live one on test pictures that are new to both.

import os from 'node:os';
import * as ort from 'onnxruntime-node';
import type { DatasetInspection, DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { predictedClass } from '../../core/evaluation/predictions.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import type { PairedAnswers } from '../../core/model/promotion.ts';
import { type CommonPicturesDeps, commonPictures } from '../../core/promotion/common-pictures.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { MIN_COMMON_PICTURES, type PromotionReason } from '../../core/words/promotion.ts';
import { pictureExamples } from '../examples/pictures.ts';
import { EVALUATION_BATCH_SIZE, type Judgement, predictorOf } from '../judge/judge-model.ts';
import { evaluate } from '../training/evaluate.ts';

/** The pictures that are compared at most, evenly chosen. More would change no decision that matters. */
const MOST_PICTURES = 2000;

/** What a comparison needs. */
export interface CompareDeps extends CommonPicturesDeps {
  readonly store: ObjectStore;
  /** The job's dataset as it was inspected. */
  readonly inspection: DatasetInspection;
  readonly signal: AbortSignal;
}

/**
 * Predicts common pictures by the live version, and counts on which each version is right.
 * @param labels classes of the new version.
 * @returns the counts, or why there are none.
 */
export async function compareWithLive(
  deps: CompareDeps,
  { judgedOn, judged }: Pick<Judgement, 'judgedOn' | 'judged'>,
  live: Manifest,
): Promise<PairedAnswers | PromotionReason> {
  const common = await commonPictures(deps, live);
  if (typeof common === 'string') return common;
  if (judgedOn !== 'test' || common.length < MIN_COMMON_PICTURES) return 'too-few-pictures';
  const items = thinOut(common, MOST_PICTURES);
  const position = new Map(judged.items.map(({ key }, index) => [key, index]));
  const answers = await liveAnswers(deps, live, items);
  const { classes } = deps.inspection;
  const counts = { pictures: items.length, liveRight: 0, newRight: 0, onlyLiveRight: 0, onlyNewRight: 0 };
  for (const [index, { key, classIndex }] of items.entries()) {
    const isLiveRight = answers[index] === classes[classIndex];
    const isNewRight = predictedClass(judged.predictions, position.get(key) ?? -1) === classIndex;
    counts.liveRight += Number(isLiveRight);
    counts.newRight += Number(isNewRight);
    counts.onlyLiveRight += Number(isLiveRight && !isNewRight);
    counts.onlyNewRight += Number(isNewRight && !isLiveRight);
  }
  return counts;
}

/** The labels that the live version predicts for pictures, in their order. */
async function liveAnswers(
  { store, signal }: CompareDeps,
  { model, version, onnx, input, labels }: Manifest,
  items: readonly DatasetItem[],
): Promise<(string | undefined)[]> {
  const stored = await store.get(keys.modelFile(model, version, onnx.file), { signal });
  if (stored === undefined) {
    throw new FoveaError(
      'model-corrupt',
      `The file "${onnx.file}" of version "${version}" of model "${model}" is missing.`,
    );
  }
  const session = await ort.InferenceSession.create(stored.body, {
    intraOpNumThreads: os.availableParallelism(),
  });
  try {
    const answers: (string | undefined)[] = [];
    await evaluate(pictureExamples(store, items, input), predictorOf(session, input), {
      batchSize: EVALUATION_BATCH_SIZE,
      signal,
      onBatch: ({ count, labels: of }, probabilities) => {
        const predictions = { probabilities, labels: of, classes: labels.length };
        for (let row = 0; row < count; row += 1) answers.push(labels[predictedClass(predictions, row)]);
      },
    });
    return answers;
  } finally {
    await session.release();
  }
}

/** At most `most` of the items, evenly spread. */
function thinOut<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, at) => items[Math.floor((at * items.length) / most)] as T);
}

// Judges a version by what a batch answered for labelled pictures. The metrics are those of reports.

import { groupBy } from '../dataset/group-by.ts';
import { accuracyOf } from '../evaluation/accuracy.ts';
import { calibrationError, reliabilityBins } from '../evaluation/calibration.ts';
import { scoreClasses } from '../evaluation/class-scores.ts';
import { confusionMatrix, topConfusions } from '../evaluation/confusion-matrix.ts';
import { confidences, hits, type Predictions } from '../evaluation/predictions.ts';
import { crossEntropy } from '../evaluation/probability-losses.ts';
import { toProportion } from '../evaluation/proportion.ts';
import { rejectionEffect } from '../evaluation/rejection.ts';
import { worstMistakes } from '../evaluation/worst-mistakes.ts';
import type { BatchPrediction } from '../job/record/batch-prediction.ts';
import type { Manifest } from '../model/manifest.ts';
import { readManifest } from '../model/read-manifest.ts';
import { calibrationOf } from '../predict/calibration-of.ts';
import { present } from '../present.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { withFormat } from '../storage/parse-stored.ts';
import { stringifyWithUnknown } from '../storage/unknown-fields.ts';
import { EVALUATION, type Evaluation } from './evaluation.ts';
import { type InputPicture, readInputChunk } from './input-picture.ts';
import { listResults, readResultLines } from './results.ts';

const MOST_CONFUSIONS = 10;
const MOST_MISTAKES = 24;
/** Classes of a model whose whole matrix is kept. */
const MOST_MATRIX_CLASSES = 100;
/** The seed of the resampling, so that the same answers have the same intervals. */
const SEED = 0;

/** A picture, and what it was answered. */
interface Answered {
  readonly picture: InputPicture;
  readonly label: string;
  /** The score of each class, in the order of {@link classesOf}. */
  readonly scores: Float32Array;
  readonly isRejected: boolean;
}

/** The classes of a model. Labels may repeat, as they do in ImageNet: to those who label pictures they are one class. */
const classesOf = ({ labels }: Manifest): string[] => [...new Set(labels)];

/**
 * Judges the version of a batch whose chunks are all answered, and stores what it found. Done again it stores the same.
 * @throws {FoveaError} as {@link readManifest}.
 */
export async function evaluateBatch(
  store: ObjectStore,
  { id, model }: { readonly id: string; readonly model: string },
  batch: BatchPrediction,
): Promise<void> {
  const manifest = await readManifest(store, model, batch.version);
  const found = evaluate(manifest, batch, await readAnswers(store, id, classesOf(manifest)));
  await store.put(keys.batchEvaluation(id), stringifyWithUnknown(withFormat(EVALUATION, found)), {
    contentType: 'application/json',
  });
}

async function readAnswers(
  store: ObjectStore,
  batchId: string,
  classes: readonly string[],
): Promise<Answered[]> {
  const indexOf = new Map(classes.map((label, index) => [label, index]));
  const answers: Answered[] = [];
  for (const { chunk, key } of await listResults(store, batchId)) {
    const pictures = present(await readInputChunk(store, batchId, chunk), 'the list of an answered chunk');
    for (const [at, line] of (await readResultLines(store, key)).entries()) {
      const { predictions, rejected } = JSON.parse(line) as {
        predictions?: readonly { readonly label: string; readonly score: number }[];
        rejected?: boolean;
      };
      const picture = pictures[at];
      if (predictions === undefined || picture?.label === undefined) continue;
      const scores = new Float32Array(classes.length);
      for (const { label, score } of predictions) {
        const index = present(indexOf.get(label), 'a class of the model');
        scores[index] = (scores[index] as number) + score;
      }
      answers.push({ picture, label: picture.label, scores, isRejected: rejected === true });
    }
  }
  return answers;
}

function evaluate(manifest: Manifest, batch: BatchPrediction, answers: readonly Answered[]): Evaluation {
  const { dataset, split, contentHash, knowsSeen } = present(batch.evaluation, 'what a batch judges by');
  const classes = classesOf(manifest);
  const known = new Set(classes);
  const labelled = answers.filter(({ label }) => known.has(label));
  const isOld = ({ picture: { seenIn } }: Answered) => seenIn === 'train' || seenIn === 'validation';
  const unknown = groupBy(
    answers.filter(({ label }) => !known.has(label)),
    ({ label }) => label,
  );
  const there = new Set(answers.map(({ label }) => label));
  const countIn = (wanted: string) => answers.filter(({ picture }) => picture.seenIn === wanted).length;
  return {
    dataset,
    split,
    contentHash,
    pictures: batch.pictures,
    failed: batch.pictures - answers.length,
    seen: knowsSeen
      ? {
          train: countIn('train'),
          validation: countIn('validation'),
          test: countIn('test'),
          accuracy: accuracyOf(toPredictions(classes, labelled.filter(isOld))) ?? null,
        }
      : null,
    unknownClasses: [...unknown].map(([label, of]) => ({
      label,
      pictures: of.length,
      rejected: of.filter(({ isRejected }) => isRejected).length,
    })),
    absentClasses: classes.filter((label) => !there.has(label)),
    results: measure(
      classes,
      labelled.filter((answer) => !isOld(answer)),
      calibrationOf(manifest).rejectionThreshold,
    ),
  };
}

function toPredictions(classes: readonly string[], answers: readonly Answered[]): Predictions {
  const indexOf = new Map(classes.map((label, index) => [label, index]));
  const probabilities = new Float32Array(answers.length * classes.length);
  for (const [row, { scores }] of answers.entries()) probabilities.set(scores, row * classes.length);
  return {
    probabilities,
    labels: Int32Array.from(answers, ({ label }) => present(indexOf.get(label), 'a class of the model')),
    classes: classes.length,
  };
}

function measure(
  classes: readonly string[],
  answers: readonly Answered[],
  threshold: number | null,
): Evaluation['results'] {
  const predictions = toPredictions(classes, answers);
  const accuracy = accuracyOf(predictions);
  const scored = scoreClasses(predictions, { seed: SEED });
  const { balancedAccuracy, macroF1 } = scored;
  if (!accuracy || !balancedAccuracy || !macroF1) return null;
  const matrix = confusionMatrix(predictions);
  const nameOf = (index: number) => present(classes[index], 'a class of the model');
  return {
    pictures: answers.length,
    accuracy,
    balancedAccuracy,
    macroF1,
    crossEntropy: crossEntropy(predictions) ?? 0,
    calibrationError: calibrationError(reliabilityBins(predictions)) ?? 0,
    rejection: threshold === null ? null : toRejection(predictions, threshold),
    classes: scored.classes.map(({ support, precision, recall, f1 }, index) => ({
      label: nameOf(index),
      support,
      precision: precision ?? null,
      recall: recall ?? null,
      f1: f1 ?? null,
    })),
    confusionMatrix: classes.length > MOST_MATRIX_CLASSES ? null : matrix.map((row) => [...row]),
    confusions: topConfusions(matrix, MOST_CONFUSIONS).map(({ actual, predicted, count, share }) => ({
      label: nameOf(actual),
      predicted: nameOf(predicted),
      count,
      share,
    })),
    mistakes: worstMistakes(predictions, MOST_MISTAKES).map(
      ({ example, label, predicted, score, labelScore }) => ({
        key: present(answers[example], 'an answer').picture.key,
        label: nameOf(label),
        predicted: nameOf(predicted),
        score,
        labelScore,
      }),
    ),
  };
}

function toRejection(
  predictions: Predictions,
  threshold: number,
): NonNullable<NonNullable<Evaluation['results']>['rejection']> | null {
  const effect = rejectionEffect(confidences(predictions), hits(predictions), threshold);
  const rejected = toProportion(effect.rejected, effect.rejected + effect.accepted);
  if (rejected === undefined) return null;
  return {
    threshold,
    rejected,
    accuracyOfAccepted: toProportion(effect.acceptedRight, effect.accepted) ?? null,
  };
}

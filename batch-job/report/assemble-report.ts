// Assembles the report of a trained model from all that is known of it. Pure: reads no pictures and stores nothing.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { summarizeClasses } from '../../core/dataset/summarize-dataset.ts';
import { rowOf } from '../../core/evaluation/predictions.ts';
import { suspectedLabels } from '../../core/evaluation/suspected-labels.ts';
import type { FittedTemperature } from '../../core/evaluation/temperature.ts';
import { inputFormatOf } from '../../core/image/model-input.ts';
import type { Report, ReportPicture } from '../../core/model/report.ts';
import type { JudgedSplit } from '../judge/judge-model.ts';
import { countClasses } from '../training/balance.ts';
import { calibrated, type ReportInput, trainedItems } from './report-input.ts';
import { toImbalance } from './to-imbalance.ts';
import { toResults } from './to-results.ts';

/** The most suspected labels that are listed: about 200 kB. All are counted. */
const MAX_SUSPECTS = 1000;

/** The report, as `report.json` has it. The same input gives the same report. */
export function assembleReport(from: ReportInput): Report {
  const { job, inspection, engine, parity } = from;
  const trained = countClasses(
    Int32Array.from(trainedItems(from), ({ classIndex }) => classIndex),
    inspection.classes.length,
  );
  return {
    formatVersion: inputFormatOf(from.input),
    model: job.model,
    version: from.version,
    jobId: job.id,
    createdAt: from.createdAt,
    architecture: job.architecture,
    labels: [...inspection.classes],
    dataset: {
      name: inspection.dataset,
      contentHash: inspection.contentHash,
      classes: summarizeClasses(inspection).map(({ train, validation: held, test }, index) => ({
        train,
        validation: held,
        test,
        trained: trained[index] ?? 0,
      })),
      findings: { ...inspection.findingCounts },
      nearDuplicates: {
        ...inspection.nearDuplicates,
        groups: inspection.nearDuplicates.groups.map((group) => [...group]),
      },
    },
    judgedOn: from.judgedOn,
    results: toResults(from),
    suspectedLabels: toSuspects(unseenOf(from), from.calibration),
    imbalance: toImbalance(from),
    training: {
      seed: job.seed,
      recipe: job.recipe,
      resolved: toResolved(from),
      ...(job.baseChoice === undefined ? {} : { baseChoice: job.baseChoice }),
      remedies: from.memory.taken.map((remedy) => ({ ...remedy })),
      hyperparameters: { ...job.hyperparameters },
      split: { ...job.split },
      splitSnapshot: inspection.splitSnapshot,
      input: from.input,
      backend: engine.backend,
      devices: [...engine.devices],
      versions: { ...engine.versions, ...from.versions },
      history: [...from.history],
      ...(from.secondStage === undefined ? {} : { secondStage: from.secondStage }),
      trials: from.trials.map(({ givenUp: _, ...trial }) => ({
        ...trial,
        isChosen: trial.trial === from.trial,
      })),
    },
    backbone: from.backbone,
    parity: {
      pictures: parity.pictures,
      maxDifference: parity.maxDifference,
      allowed: parity.allowed,
      goldenPictures: parity.golden?.length ?? 0,
      tfjsMaxDifference: parity.tfjsMaxDifference,
    },
    variants: [...from.variants],
  };
}

/** The resolved recipe with the layers that learned in the end, where memory did not suffice for all that were to. */
function toResolved({
  resolved,
  memory: { savings },
}: Pick<ReportInput, 'resolved' | 'memory'>): Report['training']['resolved'] {
  if (resolved === null || savings.unfreezeFrom === null || !('full' in resolved.stages)) return resolved;
  return { ...resolved, unfreezeFrom: savings.unfreezeFrom };
}

/** All pictures that were predicted by a model that had not seen them, each once. */
function unseenOf({ judgedOn, judged, validation, outOfFold, headOutOfFold }: ReportInput): JudgedSplit[] {
  const apart = judgedOn === 'test' ? [judged, validation] : [validation];
  // Of a second stage one fold is known; the head's folds are all pictures.
  const folds = headOutOfFold ?? outOfFold;
  return folds === undefined ? apart : [folds, ...apart];
}

/** Suspected labels among pictures that training did not see: the more there are, the better each class's mean. */
function toSuspects(
  splits: readonly JudgedSplit[],
  calibration: FittedTemperature,
): Report['suspectedLabels'] {
  const items = splits.flatMap((split) => split.items);
  const classes = splits[0]?.predictions.classes ?? 0;
  const probabilities = new Float32Array(items.length * classes);
  let offset = 0;
  for (const { predictions } of splits) {
    probabilities.set(predictions.probabilities, offset);
    offset += predictions.probabilities.length;
  }
  const labels = Int32Array.from(items, (item) => item.classIndex);
  const predictions = calibrated({ probabilities, labels, classes }, calibration);
  const suspects = suspectedLabels(predictions);
  return {
    count: suspects.length,
    judged: items.length,
    pictures: suspects.slice(0, MAX_SUSPECTS).map(
      ({ example, label, suggested }): ReportPicture => ({
        key: (items[example] as DatasetItem).key,
        label,
        predicted: suggested,
        score: rowOf(predictions, example)[suggested] as number,
        labelScore: rowOf(predictions, example)[label] as number,
        sha256: (items[example] as DatasetItem).contentHash,
      }),
    ),
  };
}

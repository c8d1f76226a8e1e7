// What a report is assembled from.

import type { DatasetInspection, DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { Predictions } from '../../core/evaluation/predictions.ts';
import { type FittedTemperature, scaleByTemperature } from '../../core/evaluation/temperature.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { TakenRemedies } from '../../core/job/recipe/memory-record.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Parity } from '../../core/model/parity.ts';
import type { Epoch, Report, ReportResults, SecondStage } from '../../core/model/report.ts';
import type { JudgedSplit, Judgement } from '../judge/judge-model.ts';
import type { EngineInfo } from '../tensorflow/engine/engine.ts';

/** All that a report says, as it is known to the trainer. */
export interface ReportInput {
  readonly job: JobRecord;
  readonly version: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly input: ModelInput;
  readonly inspection: DatasetInspection;
  readonly backbone: Report['backbone'];
  readonly judgedOn: Report['judgedOn'];
  readonly judged: JudgedSplit;
  /** The validation split, where the model was not trained on it; without pictures elsewhere. */
  readonly validation: JudgedSplit;
  readonly outOfFold: Judgement['outOfFold'];
  readonly headOutOfFold: Judgement['headOutOfFold'];
  readonly calibration: FittedTemperature;
  /** The score below which a picture is rejected, after temperature scaling; undefined where it cannot be determined. */
  readonly rejectionThreshold: number | undefined;
  readonly resolved: JobRecord['resolved'];
  /** The out-of-memory remedies that training and export have taken. */
  readonly memory: TakenRemedies;
  readonly history: readonly Epoch[];
  /** What training the pretrained layers gained, where that is known. */
  readonly secondStage?: SecondStage | undefined;
  /** The trials of the job's sweep; empty without one. */
  readonly trials: JobRecord['trials'];
  /** Which of the trials the model is. */
  readonly trial: number | undefined;
  readonly engine: EngineInfo;
  /** Versions of programs and packages beside the engine's. */
  readonly versions: Readonly<Record<string, string>>;
  readonly parity: Parity;
  readonly variants: Report['variants'];
}

/** The predictions after temperature scaling (Guo et al. 2017). */
export const calibrated = (predictions: Predictions, { temperature }: FittedTemperature): Predictions => ({
  ...predictions,
  probabilities: scaleByTemperature(predictions.probabilities, predictions.classes, temperature),
});

/**
 * The pictures that the model was trained on: those of the training split, and of the validation split where the model was not held back
 * from it; without the fold that decided on a second stage.
 */
export function trainedItems({
  inspection,
  validation,
  outOfFold,
  headOutOfFold,
}: Pick<ReportInput, 'inspection' | 'validation' | 'outOfFold' | 'headOutOfFold'>): readonly DatasetItem[] {
  const usesValidation = validation.items.length === 0;
  const heldFold = headOutOfFold === undefined ? [] : (outOfFold?.items ?? []);
  const held = new Set(heldFold.map(({ key }) => key));
  return inspection.items.filter(
    ({ split, key }) => (split === 'train' || (split === 'validation' && usesValidation)) && !held.has(key),
  );
}

/** Pictures by which a model's scores are calibrated, and how they are held out. */
export interface HeldOut extends JudgedSplit {
  readonly by: ReportResults['heldOutBy'];
}

/**
 * The pictures that were predicted out of fold, or the validation split. The fold that a second stage held out is such a split: it chose
 * the weights.
 */
export const heldOutOf = ({
  outOfFold,
  headOutOfFold,
  validation,
}: Pick<ReportInput, 'outOfFold' | 'headOutOfFold' | 'validation'>): HeldOut => ({
  ...(outOfFold ?? validation),
  by: outOfFold === undefined || headOutOfFold !== undefined ? 'validation' : 'folds',
});

// What a report is made from.

import type { DatasetInspection } from '../../core/dataset/inspect-dataset.ts';
import type { Predictions } from '../../core/evaluation/predictions.ts';
import { type FittedTemperature, scaleByTemperature } from '../../core/evaluation/temperature.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { TakenRemedies } from '../../core/job/recipe/memory-record.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Parity } from '../../core/model/parity.ts';
import type { Epoch, Report } from '../../core/model/report.ts';
import type { JudgedSplit } from '../judge/judge-model.ts';
import type { EngineInfo } from '../tensorflow/engine/engine.ts';

/** Everything that a report says, before it is put into words. */
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
  readonly validation: JudgedSplit;
  readonly calibration: FittedTemperature;
  /** Largest calibrated probability below which a picture is rejected, where it could be determined. */
  readonly rejectionThreshold: number | undefined;
  readonly resolved: JobRecord['resolved'];
  /** What training and export have given up where memory ran out. */
  readonly memory: TakenRemedies;
  readonly history: readonly Epoch[];
  /** Of the job's sweep, and which of them the model is. */
  readonly trials: JobRecord['trials'];
  readonly trial: number | undefined;
  readonly engine: EngineInfo;
  /** Of programs and packages beside the engine's. */
  readonly versions: Readonly<Record<string, string>>;
  readonly parity: Parity;
  readonly variants: Report['variants'];
}

/** Predictions at a temperature. */
export const calibrated = (predictions: Predictions, { temperature }: FittedTemperature): Predictions => ({
  ...predictions,
  probabilities: scaleByTemperature(predictions.probabilities, predictions.classes, temperature),
});

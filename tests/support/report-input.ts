// What a report is made from, invented: predictions that lean to their labels, of pictures that do not exist.

import type { ReportInput } from '../../batch-job/report/report-input.ts';
import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { fitTemperature } from '../../core/evaluation/temperature.ts';
import { NO_MEMORY_RECORD } from '../../core/job/recipe/memory-record.ts';
import { RecipeSchema } from '../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { uniformAt } from '../../core/random.ts';

export interface ReportInputOptions {
  readonly classes: readonly string[];
  readonly test: number;
  readonly validation: number;
  /** Whether the model was trained on the validation pictures too, and they were predicted out of fold. Default: false. */
  readonly hasFolds?: boolean;
  /** How much the label stands out; 0 is guessing. */
  readonly skill?: number;
}

const JOB: JobRecord = {
  formatVersion: 1,
  id: 'ftjob-1',
  status: 'running',
  createdAt: 1_767_323_045,
  startedAt: null,
  finishedAt: null,
  architecture: 'small_cnn',
  dataset: 'pets',
  model: 'pets',
  modelVersion: '1',
  seed: 7,
  hyperparameters: { n_epochs: 'auto', batch_size: 16, learning_rate_multiplier: 'auto' },
  recipe: RecipeSchema.parse({}),
  sweep: null,
  trials: [],
  failedTrials: [],
  resolved: null,
  memory: NO_MEMORY_RECORD,
  split: { train: 0.75, validation: 0.15, test: 0.1 },
  splitSnapshot: null,
  backend: 'auto',
  metadata: {},
  maxCostUsd: null,
  spent: { seconds: 0, usd: 0 },
  lease: null,
  cancelRequested: false,
  attempts: 1,
  furthest: null,
  progress: null,
  error: null,
  result: null,
};

export function makeReportInput({
  classes,
  test,
  validation,
  hasFolds = false,
  skill = 3,
}: ReportInputOptions): ReportInput {
  const make = (split: 'test' | 'validation', count: number, skillOf = skill) => {
    const items = Array.from(
      { length: count },
      (_, i): DatasetItem => ({
        key: `datasets/pets/${classes[i % classes.length]}/${split}-${i}.jpg`,
        classIndex: i % classes.length,
        split,
        contentHash: `${split}-${i}`,
        sizeBytes: 1000,
        width: 100 + i,
        height: 100,
        brightness: (i % 10) / 10,
      }),
    );
    const probabilities = new Float32Array(count * classes.length);
    items.forEach(({ classIndex }, example) => {
      const weights = classes.map((_, index) => {
        const noise = uniformAt(split.length, example * classes.length + index);
        return Math.exp(8 * noise + (index === classIndex ? skillOf : 0));
      });
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      probabilities.set(
        weights.map((weight) => weight / total),
        example * classes.length,
      );
    });
    const labels = Int32Array.from(items, ({ classIndex }) => classIndex);
    return { items, predictions: { probabilities, labels, classes: classes.length } };
  };
  const judged = make('test', test);
  const held = make('validation', validation);
  // Two pictures in a row of a class look alike.
  const groups = held.predictions.labels.map((label, example) => {
    const turn = Math.floor(example / (2 * classes.length));
    return turn * classes.length + label;
  });
  const outOfFold = {
    ...held,
    groups,
    folds: groups.map((group) => group % 5),
    foldCount: 5,
    smaller: { predictions: make('validation', validation, skill / 2).predictions, share: 0.5 },
  };
  return {
    job: JOB,
    version: '1',
    createdAt: JOB.createdAt,
    input: { height: 32, width: 32, channels: 3, preprocessing: 'unit', resize: 'stretch' },
    inspection: {
      dataset: 'pets',
      classes,
      items: [...held.items, ...judged.items],
      findings: [],
      findingCounts: { 'file-corrupt': 2 },
      nearDuplicates: {
        groupCount: 1,
        pictureCount: 2,
        acrossSplits: 0,
        acrossClasses: 0,
        groups: [['datasets/pets/a/1.jpg', 'datasets/pets/a/2.jpg']],
      },
      hasValidationFolder: false,
      leaders: new Int32Array(),
      splitSnapshot: 3,
      contentHash: 'f'.repeat(64),
    },
    backbone: null,
    judgedOn: 'test',
    judged,
    validation: hasFolds ? make('validation', 0) : held,
    outOfFold: hasFolds ? outOfFold : undefined,
    headOutOfFold: undefined,
    calibration: fitTemperature(held.predictions),
    rejectionThreshold: validation === 0 ? undefined : 0.4,
    resolved: null,
    memory: NO_MEMORY_RECORD,
    trials: [],
    trial: undefined,
    history: [1, 2, 3].map((epoch) => ({
      stage: 'head',
      epoch,
      trainLoss: 1 / epoch,
      trainAccuracy: 1 - 0.5 / epoch,
      validationLoss: 1.1 / epoch,
      validationAccuracy: 1 - 0.6 / epoch,
      learningRate: 0.01,
      picturesPerSecond: 100 * epoch,
      endedAt: JOB.createdAt + epoch,
    })),
    engine: { backend: 'portable', versions: { 'tfjs-core': '4.22.0' }, devices: [], reason: 'the only one' },
    versions: { fovea: '0.1.0' },
    parity: {
      pictures: test,
      maxDifference: 1e-6,
      allowed: 1e-3,
      trainer: {},
      golden: [],
      tfjsMaxDifference: 2e-7,
    },
    variants: [],
  };
}

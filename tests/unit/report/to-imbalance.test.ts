import { describe, expect, it } from 'vitest';
import { AUGMENTATIONS } from '../../../batch-job/augmentation/presets.ts';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { drawReport } from '../../../batch-job/report/draw-report.ts';
import type { ReportInput } from '../../../batch-job/report/report-input.ts';
import { toImbalance } from '../../../batch-job/report/to-imbalance.ts';
import type { DatasetItem } from '../../../core/dataset/inspect-dataset.ts';
import { ReportSchema } from '../../../core/model/report.ts';
import { makeReportInput } from '../../support/report-input.ts';

/** Training pictures of three classes, and four judged ones of each: of the last class two are right. */
function inputOf(
  counts: readonly number[],
  imbalance: 'none' | 'class_weights' = 'class_weights',
): ReportInput {
  const made = makeReportInput({ classes: ['a', 'b', 'c'], test: 12, validation: 12 });
  const training = counts.flatMap((count, classIndex) =>
    Array.from({ length: count }, (_, i) => ({ classIndex, split: 'train', key: `${classIndex}-${i}` })),
  ) as unknown as DatasetItem[];
  const probabilities = new Float32Array(12 * 3);
  made.judged.items.forEach(({ classIndex }, example) => {
    const answer = classIndex === 2 && example < 6 ? 0 : classIndex;
    probabilities[3 * example + answer] = 1;
  });
  return {
    ...made,
    inspection: { ...made.inspection, items: training },
    judged: { ...made.judged, predictions: { ...made.judged.predictions, probabilities } },
    resolved: {
      stages: {},
      augmentation: AUGMENTATIONS.none,
      imbalance,
      unfreezeFrom: null,
      featureViews: 0,
      reasons: [],
    },
  };
}

describe('toImbalance', () => {
  it('compares small classes with the others', () => {
    const found = toImbalance(inputOf([40, 20, 10]));
    expect(found).toMatchObject({ method: 'class_weights', ratio: 4, smallClasses: 1 });
    expect(found?.smallRecall).toMatchObject({ successes: 2, trials: 4 });
    expect(found?.otherRecall).toMatchObject({ successes: 8, trials: 8 });
    // scikit-learn's compute_class_weight('balanced'): 70 / (3 * count).
    [70 / 120, 70 / 60, 70 / 30].forEach((factor, index) => {
      expect(found?.factors[index]).toBeCloseTo(factor, 12);
    });
  });

  it('is null for classes of about equal size', () => {
    expect(toImbalance(inputOf([40, 20, 20]))).toBeNull();
  });

  it('says that nothing was done about it', () => {
    expect(toImbalance(inputOf([40, 20, 10], 'none'))?.factors).toEqual([1, 1, 1]);
  });

  it('says that scores are adjusted by class frequency', () => {
    const made = inputOf([40, 20, 10], 'none');
    const head = {
      epochs: 1,
      batchSize: 70,
      learningRate: 1,
      optimizer: 'l-bfgs',
      firstLayerRate: 1,
      patience: null,
      adjustsLogits: true,
    };
    const report = assembleReport({
      ...made,
      resolved: made.resolved && { ...made.resolved, stages: { head } },
    });
    expect(report.imbalance).toMatchObject({ method: 'none', adjustsLogits: true });
    const page = drawReport(report, new Map());
    expect(page).toContain('scores are adjusted by class frequency');
    expect(page).not.toContain('nothing was done about it');
  });

  it('is part of the report and its page', () => {
    const report = assembleReport(inputOf([40, 20, 10]));
    expect(ReportSchema.parse(report)).toEqual(report);
    const page = drawReport(report, new Map());
    expect(page).toContain('4.0 times the training pictures');
    expect(page).toContain('of 1 small class,');
  });
});

import { describe, expect, it } from 'vitest';
import { AUGMENTATIONS } from '../../../batch-job/augmentation/presets.ts';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { drawReport } from '../../../batch-job/report/draw-report.ts';
import { toHistory, toSecondStage } from '../../../batch-job/report/read-history.ts';
import type { ReportInput } from '../../../batch-job/report/report-input.ts';
import { NO_MEMORY_RECORD, NO_SAVINGS } from '../../../core/job/recipe/memory-record.ts';
import type { ResolvedRecipe } from '../../../core/job/recipe/recipe.ts';
import { ReportSchema } from '../../../core/model/report.ts';
import { makeReportInput } from '../../support/report-input.ts';

const CLASSES = ['cat', 'dog', 'owl'];

describe('assembleReport', () => {
  it('fits its schema and reads back the same', () => {
    const report = assembleReport(makeReportInput({ classes: CLASSES, test: 90, validation: 45 }));
    expect(ReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.results?.accuracy.trials).toBe(90);
    expect(report.results?.topK.map(({ k }) => k)).toEqual([2]);
    expect(report.results?.slices.map(({ by }) => by)).toEqual(['megapixels', 'brightness']);
    expect(report.suspectedLabels.judged).toBe(135);
    expect(report.dataset.classes[0]).toEqual({ train: 0, validation: 15, test: 30, trained: 0 });
  });

  it('counts the pictures that the model was trained on, whichever split they are of', () => {
    const trainedOf = (input: ReportInput) =>
      assembleReport(input).dataset.classes.map(({ trained }) => trained);
    const made = makeReportInput({ classes: CLASSES, test: 30, validation: 60, hasFolds: true });
    expect(trainedOf(made)).toEqual([20, 20, 20]);
    // A fold that decided on the second stage has not trained.
    const { outOfFold } = made;
    if (outOfFold === undefined) throw new Error('There are folds.');
    const items = outOfFold.items.slice(0, 15);
    const predictions = { ...outOfFold.predictions, labels: outOfFold.predictions.labels.slice(0, 15) };
    const fold = { ...outOfFold, items, predictions, groups: outOfFold.groups.slice(0, 15), foldCount: 1 };
    expect(trainedOf({ ...made, outOfFold: fold, headOutOfFold: outOfFold })).toEqual([15, 15, 15]);
    // Of the imbalance, too: the validation split has twice as many cats.
    const [cats] = CLASSES.map((_, label) =>
      made.inspection.items.filter(({ classIndex }) => classIndex === label),
    );
    const copies = (cats ?? []).flatMap((item) =>
      [1, 2].map((copy) => ({ ...item, key: `${item.key}-${copy}` })),
    );
    const unequal = { ...made.inspection, items: [...made.inspection.items, ...copies] };
    expect(assembleReport({ ...made, inspection: unequal }).imbalance).toMatchObject({ ratio: 3 });
  });

  it('lists mistakes by their served scores, the highest first', () => {
    const made = makeReportInput({ classes: CLASSES, test: 300, validation: 300 });
    const { results } = assembleReport(made);
    const wrong = 300 - (results?.accuracy.successes ?? 0);
    expect(results?.mistakes.length).toBe(Math.min(24, wrong));
    const mistakes = [...(results?.mistakes ?? []), ...(results?.moreMistakes ?? [])];
    expect(wrong).toBeGreaterThan(24);
    expect(mistakes.length).toBe(wrong);
    const scores = mistakes.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    for (const { label, predicted, key, sha256 } of mistakes) {
      expect(predicted).not.toBe(label);
      expect(sha256).toBe(made.inspection.items.find((item) => item.key === key)?.contentHash);
      expect(key).toContain(`/${CLASSES[label]}/`);
    }
    expect(results?.calibration.temperature).toBeGreaterThan(1);
    expect(results?.calibration.after.crossEntropy).toBeLessThan(
      results?.calibration.before.crossEntropy ?? 0,
    );
  });

  it('gives the same report for the same input', () => {
    const make = () => assembleReport(makeReportInput({ classes: CLASSES, test: 60, validation: 30 }));
    expect(make()).toEqual(make());
  });

  it('lists the layers that learned in the end, and the out-of-memory remedies', () => {
    const stage = {
      epochs: 1,
      batchSize: 8,
      learningRate: 1,
      optimizer: 'adam',
      firstLayerRate: 1,
      patience: null,
    };
    const made = makeReportInput({ classes: CLASSES, test: 30, validation: 30 });
    const gaveUp = 'The pretrained layers before "block_16" stay frozen: fewer layers are trained.';
    const memory = {
      ...NO_MEMORY_RECORD,
      savings: { ...NO_SAVINGS, unfreezeFrom: 'block_16' },
      taken: [{ remedy: 'fewer_layers' as const, stage: 'full', gaveUp }],
    };
    const of = (stages: ResolvedRecipe['stages'], unfreezeFrom: string | null) =>
      assembleReport({
        ...made,
        memory,
        resolved: {
          stages,
          augmentation: AUGMENTATIONS.none,
          imbalance: 'none',
          unfreezeFrom,
          featureViews: 0,
          reasons: [],
        },
      });
    const report = of({ head: stage, full: stage }, 'block_13_expand');
    expect(report.training.resolved?.unfreezeFrom).toBe('block_16');
    expect(report.training.remedies).toEqual(memory.taken);
    const page = drawReport(report, new Map());
    expect(page).toContain('from block_16 on');
    expect(page).toContain('full: The pretrained layers before &quot;block_16&quot; stay frozen');
    expect(of({ head: stage }, null).training.resolved?.unfreezeFrom).toBeNull();
  });

  it('reads reports of an earlier version, without remedies', () => {
    const report = assembleReport(makeReportInput({ classes: CLASSES, test: 30, validation: 30 }));
    const { remedies: _, ...training } = report.training;
    expect(ReportSchema.parse({ ...report, training })).toEqual(report);
  });

  it('judges by the test, and a second time by what models say of pictures whose look-alikes they have not seen', () => {
    const made = makeReportInput({ classes: CLASSES, test: 60, validation: 240, hasFolds: true });
    const report = assembleReport(made);
    expect(ReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.judgedOn).toBe('test');
    const { results } = report;
    expect(results).toMatchObject({ heldOutBy: 'folds', validationAccuracy: null });
    expect(results?.calibration.fittedOn).toBe(240);
    expect(results?.outOfFold).toMatchObject({ pictures: 240, folds: 5, groups: 120 });
    const { accuracy, classes = [] } = results?.outOfFold ?? {};
    expect(accuracy?.low).toBeLessThan(accuracy?.value ?? 0);
    expect(classes.map(({ recall }) => recall?.trials)).toEqual([80, 80, 80]);
    expect(Math.max(...classes.map(({ gainOfMore }) => gainOfMore?.value ?? 0))).toBeGreaterThan(0.01);
    expect(report.suspectedLabels.judged).toBe(300);
    const page = drawReport(report, new Map());
    expect(page).toContain('Two estimates.');
    expect(page).toContain('What to photograph next');
    expect(page).not.toContain('validation pictures.');
  });

  it('checks every label by the folds of the head where a second stage knows one fold alone', () => {
    const made = makeReportInput({ classes: CLASSES, test: 60, validation: 240, hasFolds: true });
    const { outOfFold } = made;
    const held = makeReportInput({ classes: CLASSES, test: 0, validation: 48, hasFolds: true }).outOfFold;
    const report = assembleReport({ ...made, outOfFold: held, headOutOfFold: outOfFold });
    expect(report.results?.calibration.fittedOn).toBe(48);
    expect(report.suspectedLabels.judged).toBe(300);
    // The fold chose the weights, so that it is no estimate of how good they are.
    expect(report.results).toMatchObject({ heldOutBy: 'validation', outOfFold: null });
    expect(drawReport(report, new Map())).not.toContain('Two estimates.');
  });

  it('judges by the folds where nothing else is left', () => {
    const made = makeReportInput({ classes: CLASSES, test: 0, validation: 120, hasFolds: true });
    const { outOfFold, judged } = made;
    const report = assembleReport({ ...made, judgedOn: 'folds', judged: outOfFold ?? judged });
    expect(report.results?.accuracy.trials).toBe(120);
    expect(report.suspectedLabels.judged).toBe(120);
    const page = drawReport(report, new Map());
    expect(page).toContain('Each was judged by a model that had not seen it or its look-alikes.');
    expect(page).not.toContain('Two estimates.');
  });

  it('reads reports of an earlier version, without folds', () => {
    const report = assembleReport(makeReportInput({ classes: CLASSES, test: 30, validation: 30 }));
    const { outOfFold: _, heldOutBy: __, ...results } = report.results ?? {};
    expect(ReportSchema.parse({ ...report, results })).toEqual(report);
  });

  it('has no results where no picture was evaluated', () => {
    const report = assembleReport(makeReportInput({ classes: CLASSES, test: 0, validation: 0 }));
    expect(report.results).toBeNull();
    expect(report.suspectedLabels).toEqual({ count: 0, judged: 0, pictures: [] });
    expect(ReportSchema.parse(report)).toEqual(report);
  });
});

describe('toHistory', () => {
  const createdAt = 1_767_323_045;
  const metrics = (data: Record<string, unknown>) => ({ type: 'metrics' as const, data, createdAt });

  it('takes every epoch of every stage once, the last where one was repeated', () => {
    const history = toHistory([
      metrics({ stage: 'head', epoch: 1, train_loss: 2 }),
      { type: 'message', data: { epoch: 9 }, createdAt },
      metrics({ stage: 'head', epoch: 2, train_loss: 1.5 }),
      metrics({ stage: 'head', epoch: 2, train_loss: 1, valid_accuracy: 0.5 }),
      metrics({ stage: 'full', epoch: 1, train_loss: 0.5, valid_loss: null }),
      metrics({ images_per_second: 3 }),
    ]);
    expect(history.map(({ stage, epoch, trainLoss }) => [stage, epoch, trainLoss])).toEqual([
      ['head', 1, 2],
      ['head', 2, 1],
      ['full', 1, 0.5],
    ]);
    expect(history[1]).toMatchObject({ validationAccuracy: 0.5, learningRate: null, endedAt: createdAt });
  });

  it('takes the epochs of one trial of a sweep', () => {
    const events = [1, 2].map((trial) => metrics({ trial, stage: 'head', epoch: 1, train_loss: trial }));
    expect(toHistory(events, 2).map(({ trainLoss }) => trainLoss)).toEqual([2]);
    expect(toHistory(events)).toEqual([]);
  });
});

describe('toSecondStage', () => {
  const data = {
    stage: 'full',
    blend_share: 0.5,
    loss_gain: 0.2,
    loss_gain_error: 0.1,
    accuracy_before: 0.7,
    accuracy_after: 0.8,
  };
  const message = (changes: object) => ({
    type: 'message' as const,
    data: { ...data, ...changes },
    createdAt: 0,
  });

  it('takes the end of the stage, of the job or of one trial, and the report says what it gained', () => {
    const events = [message({ stage: 'head' }), message({}), message({ trial: 2, blend_share: 0 })];
    const secondStage = toSecondStage(events);
    expect(secondStage).toEqual({
      isKept: true,
      lossGain: 0.2,
      lossGainError: 0.1,
      accuracyBefore: 0.7,
      accuracyAfter: 0.8,
    });
    expect(toSecondStage(events, 2)?.isKept).toBe(false);
    expect(toSecondStage([message({ stage: 'head' })])).toBeUndefined();
    const report = assembleReport({
      ...makeReportInput({ classes: CLASSES, test: 9, validation: 9 }),
      secondStage,
    });
    expect(ReportSchema.parse(report)).toEqual(report);
    expect(drawReport(report, new Map())).toContain(
      'the loss fell at best by 0.200 ± 0.100, and 80.0 % were right instead of 70.0 %',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { toWireReport } from '../../../api/report.ts';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { drawReport } from '../../../batch-job/report/draw-report.ts';
import { saidInReport } from '../../../cli/client/said-of-model.ts';
import { toProportion } from '../../../core/evaluation/proportion.ts';
import type { Report, ReportResults } from '../../../core/model/report.ts';
import { makeReportInput } from '../../support/report-input.ts';

const base = assembleReport(
  makeReportInput({ classes: ['cat', 'dog', 'owl'], test: 90, validation: 90, hasFolds: true, skill: 2 }),
);
if (base.results === null) throw new Error('Pictures are judged.');
const { results } = base;

const withResults = (changes: Partial<ReportResults>): Report => ({
  ...base,
  results: { ...results, ...changes },
});
const found = toProportion(0, 9) ?? null;
const classes = results.classes.map((one, at) =>
  at === 2 ? { ...one, precision: null, recall: found } : one,
);
const easy = toProportion(90, 90) ?? null;
const { nearDuplicates } = base.dataset;
const copied = {
  ...base,
  dataset: { ...base.dataset, nearDuplicates: { ...nearDuplicates, acrossSplits: 2 } },
};

describe('what has to be known beside the verdict', () => {
  it.each([
    ['the second estimate', base, 'On series it has not seen: '],
    [
      'a test of another kind',
      withResults({
        outOfFold: null,
        validationAccuracy: easy,
        accuracy: toProportion(45, 90) ?? results.accuracy,
      }),
      'On the validation split 100.0 % were right, far more than on the test.',
    ],
    [
      'classes that are never named',
      withResults({ classes }),
      'The model never answered owl. It does not know that class',
    ],
    [
      'pictures of the test that training has seen',
      copied,
      '2 pictures of the validation or test show the same as pictures of another split, so that results look better than they are.',
    ],
    [
      'labels that look wrong',
      { ...base, suspectedLabels: { ...base.suspectedLabels, count: 18, judged: 120 } },
      '18 of 120 labels that were checked look wrong.',
    ],
  ])('is %s, in report and command line alike', (_, report, said) => {
    const remark = saidInReport(toWireReport(report))?.remarks.find((text) => text.includes(said));
    expect(remark).toBeDefined();
    const [head = ''] = drawReport(report, new Map()).split('<div class="cards">');
    const text = head
      .replace(/<[^>]*>/g, '')
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"');
    expect(text).toContain(remark);
  });
});

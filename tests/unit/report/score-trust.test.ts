import { describe, expect, it } from 'vitest';
import { toWireReport } from '../../../api/report.ts';
import { scoresInWords } from '../../../api/scores-in-words.ts';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { drawReport } from '../../../batch-job/report/draw-report.ts';
import { saidInReport } from '../../../cli/client/said-of-model.ts';
import { toProportion } from '../../../core/evaluation/proportion.ts';
import { trustInScores } from '../../../core/evaluation/score-trust.ts';
import { makeReportInput } from '../../support/report-input.ts';

const CLASSES = ['cat', 'dog', 'owl'];
const report = assembleReport(makeReportInput({ classes: CLASSES, test: 9, validation: 9 }));
const { results } = report;
if (results === null) throw new Error('Pictures are judged.');
const base = results;

interface Case {
  readonly error: number;
  readonly byChance: number;
  readonly right: number;
  readonly pictures: number;
  /** Pictures of the last class, which the model never names; 0 where it names all. */
  readonly neverNamed?: number;
}

/** A report whose numbers are those of a case. */
function reportOf({ error, byChance, right, pictures, neverNamed = 0 }: Case) {
  const accuracy = toProportion(right, pictures) ?? base.accuracy;
  const [first, ...others] = base.classes.map((one) => ({
    ...one,
    precision: toProportion(1, 1) ?? null,
    recall: toProportion(1, 1) ?? null,
  }));
  const last = { ...others.at(-1), precision: null, recall: toProportion(0, neverNamed) ?? null };
  const classes = neverNamed === 0 ? [first, ...others] : [first, ...others.slice(0, -1), last];
  const after = { ...base.calibration.after, calibrationError: error };
  return {
    ...report,
    results: {
      ...base,
      accuracy,
      classes: classes as typeof base.classes,
      calibration: { ...base.calibration, after, byChance },
    },
  };
}

const LEAST = 1e-9;
/** Wilson's interval of 367 right answers of 400 is ±2.7 points wide; of 100 of 100, 1.9. */
const CASES: readonly (readonly [verdict: string, Case])[] = [
  // A good error is 5 points at most, or one and a half times what chance makes.
  ['yes', { error: 0.05, byChance: 0.01, right: 367, pictures: 400 }],
  ['with-care', { error: 0.05 + LEAST, byChance: 0.01, right: 367, pictures: 400 }],
  ['yes', { error: 0.06, byChance: 0.04, right: 367, pictures: 400 }],
  ['with-care', { error: 0.06 + LEAST, byChance: 0.04, right: 367, pictures: 400 }],
  // Chance alone hides an error where it makes more than 5 points.
  ['yes', { error: 0.05, byChance: 0.05, right: 367, pictures: 400 }],
  ['too-few-pictures', { error: 0.05, byChance: 0.05 + LEAST, right: 367, pictures: 400 }],
  // So does an accuracy that is known to no more than ±10 points: 17 of 17 is ±9.2, 15 of 15 is ±10.2.
  ['yes', { error: 0.01, byChance: 0.01, right: 17, pictures: 17 }],
  ['too-few-pictures', { error: 0.01, byChance: 0.01, right: 15, pictures: 15 }],
  ['too-few-pictures', { error: 0.3, byChance: 0.25, right: 1, pictures: 4 }],
  // One wrong answer of eight proves nothing, ten of ten do: the first is ±22.4 points, the second ±13.9.
  ['too-few-pictures', { error: 0.087, byChance: 0.045, right: 7, pictures: 8 }],
  ['with-care', { error: 0.9, byChance: 0.09, right: 0, pictures: 10 }],
  // Three pictures of a class that is never named may be chance, four are not: Wilson's interval of 0 of 4 ends at 49.0 %, of 3 at 56.2 %.
  ['yes', { error: 0.01, byChance: 0.01, right: 367, pictures: 400, neverNamed: 3 }],
  ['unknown-classes', { error: 0.01, byChance: 0.01, right: 367, pictures: 400, neverNamed: 4 }],
];

/** The reason of a case. */
const reasonOf = (of: Case): string => saidInReport(toWireReport(reportOf(of)))?.scores ?? '';

const textOf = (markup = '') => markup.replace(/<[^>]*>/g, '').replaceAll('&#39;', "'");

describe('whether scores can be trusted', () => {
  it.each(CASES)('is %s in report, page and command line alike: %o', (verdict, of) => {
    const judged = reportOf(of);
    const { accuracy, classes, calibration } = judged.results;
    const { after, byChance } = calibration;
    const { calibrationError, bins } = after;
    expect(trustInScores({ accuracy, classes, calibrationError, byChance, bins }).verdict).toBe(verdict);

    const [, inReport] =
      /Can its scores be trusted\?<\/h2><p>(.*?)<\/p>/.exec(drawReport(judged, new Map())) ?? [];
    const wire = toWireReport(judged);
    if (wire.results === null) throw new Error('Pictures are judged.');
    const onPage = scoresInWords(wire, wire.results);
    expect(`${onPage.verdict} ${onPage.reason}`).toBe(textOf(inReport));
    expect(saidInReport(wire)?.scores).toBe(textOf(inReport));
  });
});

describe('how many pictures it takes', () => {
  it('is said with what it is computed from', () => {
    expect(reasonOf({ error: 0.01, byChance: 0.01, right: 6, pictures: 6 })).toMatch(
      /To know that to ±10\.0 points where as large a part is right, it takes a test of at least 30 pictures\.$/,
    );
    expect(reasonOf({ error: 0.18, byChance: 0.185, right: 11, pictures: 12 })).toMatch(
      /For chance to make no more than 5\.0 points at scores like these, it takes a test of at least 170 pictures\.$/,
    );
  });
});

describe('how often a model will be right', () => {
  const LEAD = /<p class="lead">(.*?)<\/p>\s*<p>(.*?)<\/p>/s;
  const whole = reportOf({ error: 0.01, byChance: 0.01, right: 367, pictures: 400 });
  const folds = { ...whole.results, heldOutBy: 'folds' as const };

  it.each([
    ['by a test', whole, '367 of 400 test pictures were right. Training never saw them.'],
    [
      'by the validation split',
      { ...whole, judgedOn: 'validation' as const },
      '367 of 400 validation pictures were right. The best epoch was chosen by them, too, so that the model looks a little better than it is.',
    ],
    [
      'by pictures that chose nothing',
      { ...whole, judgedOn: 'validation' as const, results: folds },
      '367 of 400 validation pictures were right. Training never saw them.',
    ],
    [
      'by folds',
      { ...whole, judgedOn: 'folds' as const, results: folds },
      '367 of 400 pictures were right. Each was judged by a model that had not seen it, though some of its look-alikes.',
    ],
  ])('is said %s in report and command line alike', (_, report, basis) => {
    const [, lead, reason] = LEAD.exec(drawReport(report, new Map())) ?? [];
    expect(textOf(reason)).toBe(
      `${basis} It holds for pictures of the same kind: same cameras, places and classes.`,
    );
    expect(saidInReport(toWireReport(report))?.accuracy).toBe(`${textOf(lead)} ${textOf(reason)}`);
  });
});

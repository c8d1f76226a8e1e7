import { describe, expect, it } from 'vitest';
import { meanOfShares, toProportion } from '../../../core/evaluation/proportion.ts';
import { type Remarkable, sayRemarks } from '../../../core/words/remarks.ts';

/** What a report knows of a test, by right answers and pictures of each class. */
function judged(
  classes: readonly (readonly [right: number, pictures: number])[],
  changes: Partial<Remarkable> = {},
) {
  const shares = classes.map(([right, pictures]) => toProportion(right, pictures));
  const sum = (at: 0 | 1) => classes.reduce((total, counts) => total + counts[at], 0);
  const accuracy = toProportion(sum(0), sum(1));
  const balancedAccuracy = meanOfShares(shares.flatMap((share) => share ?? []));
  if (accuracy === undefined || balancedAccuracy === undefined) throw new Error('Pictures are judged.');
  return sayRemarks({
    judgedOn: 'test',
    heldOutBy: 'folds',
    isImbalanced: false,
    accuracy,
    balancedAccuracy,
    outOfFold: null,
    labels: classes.map((_, index) => `class ${index}`),
    classes: shares.map((recall) => ({ precision: {}, recall: recall ?? null })),
    validationAccuracy: null,
    acrossSplits: 0,
    suspects: { count: 0, judged: 100 },
    ...changes,
  }).map(({ text }) => text);
}

describe('what is said beside the verdict', () => {
  it('names chance where guessing explains the number', () => {
    // 15 of 30 are 33 to 67 of 100; the larger class is a half, or two thirds.
    expect(
      judged([
        [8, 15],
        [7, 15],
      ]),
    ).toEqual([
      expect.stringContaining(
        'no better than guessing: to name the largest class each time is right for 50 of 100',
      ),
    ]);
    expect(
      judged([
        [12, 20],
        [3, 10],
      ]),
    ).toEqual([expect.stringContaining('is right for 67 of 100')]);
    expect(
      judged([
        [14, 15],
        [13, 15],
      ]),
    ).toEqual([]);
    // As many of each class: a half by any one of two, whatever their numbers.
    expect(
      judged(
        [
          [90, 90],
          [0, 10],
        ],
        { isImbalanced: true },
      ),
    ).toEqual([expect.stringContaining('to name any one class each time is right for 50 of 100')]);
  });

  it('says which estimate to expect only of a test that can tell', () => {
    const share = { value: 1, low: 0.7, high: 1 };
    const outOfFold = { accuracy: share, balancedAccuracy: share, groups: 40, folds: 5, ungrouped: [] };
    const few = judged(
      [
        [10, 10],
        [0, 1],
      ],
      { isImbalanced: true, outOfFold },
    );
    expect(few.at(-1)).toMatch(/The test has too few pictures to say which to expect\.$/);
    expect(
      judged(
        [
          [95, 100],
          [97, 100],
        ],
        { outOfFold },
      ).at(-1),
    ).toMatch(/Expect the first\.$/);
  });

  it('says what many wrong labels do to the numbers', () => {
    const [few] = judged(
      [
        [95, 100],
        [97, 100],
      ],
      { suspects: { count: 9, judged: 100 } },
    );
    const [many] = judged(
      [
        [95, 100],
        [97, 100],
      ],
      { suspects: { count: 10, judged: 100 } },
    );
    expect(few).toMatch(/wrong\.$/);
    expect(many).toMatch(/count against the model: it may be better than these numbers/);
  });
});

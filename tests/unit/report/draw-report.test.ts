import { describe, expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { drawReport } from '../../../batch-job/report/draw-report.ts';
import { html } from '../../../batch-job/report/markup/markup.ts';
import { toProportion } from '../../../core/evaluation/proportion.ts';
import { makeReportInput, type ReportInputOptions } from '../../support/report-input.ts';

const draw = (options: ReportInputOptions) => {
  const report = assembleReport(makeReportInput(options));
  const keys = [...(report.results?.mistakes ?? []), ...report.suspectedLabels.pictures].map(
    ({ key }) => key,
  );
  return {
    report,
    page: drawReport(report, new Map(keys.map((key) => [key, 'data:image/webp;base64,AAAA']))),
  };
};
const CLASSES = ['cat', 'dog', 'owl'];

/** Elements that are opened and never closed, or closed and never opened. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const VOID = new Set(['meta', 'img', 'br']);
  for (const [, slash, name = '', rest = ''] of page.matchAll(
    /<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^<>"])*)>/g,
  )) {
    if (VOID.has(name) || rest.endsWith('/')) continue;
    if (slash === '') open.push(name);
    else if (open.at(-1) === name) open.pop();
    else wrong.push(name);
  }
  return [...open, ...wrong];
}

describe('drawReport', () => {
  it('says in plain words how good the model is', () => {
    const { page, report } = draw({ classes: CLASSES, test: 200, validation: 60 });
    const { value, low, high } = report.results?.accuracy ?? { value: 0, low: 0, high: 0 };
    const of100 = (share: number) => Math.round(100 * share);
    expect(page).toContain(
      `Of 100 new pictures about ${of100(value)} (${of100(low)}–${of100(high)}) will be right.`,
    );
    const [worst] = report.results?.confusions ?? [];
    expect(page).toContain(
      `<b>${CLASSES[worst?.actual ?? 0]}</b> for <b>${CLASSES[worst?.predicted ?? 0]}</b>`,
    );
  });

  describe('the card on scores', () => {
    const { report } = draw({ classes: CLASSES, test: 1, validation: 1 });
    const { results } = report;
    if (results === null) throw new Error('One picture is judged.');
    /** What is said of them at a calibration error, another that is chance, and so many right answers of so many. */
    const said = (calibrationError: number, byChance: number, right: number, pictures: number) => {
      const accuracy = toProportion(right, pictures) ?? results.accuracy;
      const { calibration } = results;
      const after = { ...calibration.after, calibrationError };
      const of = { ...results, accuracy, calibration: { ...calibration, after, byChance } };
      const page = drawReport({ ...report, results: of }, new Map());
      return /Can its scores be trusted\?<\/h2><p>(.*?)<\/p>/.exec(page)?.[1]?.replace(/<[^>]*>/g, '');
    };

    it('says that scores can be trusted, and how much of the error is chance', () => {
      expect(said(0.04, 0.03, 900, 1000)).toBe(
        'Yes. A score of 80 % is right about 80 times of 100: scores are off by 4.0 points on average, and chance ' +
          'alone makes 3.0 points of that on as many pictures.',
      );
      expect(said(0.02, 0.03, 900, 1000)).toContain(
        'scores are off by 2.0 points on average, no more than by chance alone on as many pictures (3.0 points).',
      );
    });

    it('says that scores are too sure or too modest', () => {
      expect(said(0.2, 0.03, 900, 1000)).toMatch(
        /^With care\. Scores are off by 20\.0 points on average, mostly too/,
      );
      expect(said(0.8, 0.495, 0, 1)).toContain('With care.');
    });

    it('says that there are too few pictures, and how many it takes', () => {
      expect(said(0.45, 0.495, 1, 1)).toBe(
        'Too few pictures to tell. Scores are off by 45.0 points on average, and chance alone takes honest ones 49.5 ' +
          'points off on 1 picture. For chance to make no more than 5.0 points at scores like these, it takes a test of at least 100 pictures.',
      );
      expect(said(0.04, 0.08, 40, 50)).toContain(
        'off on 50 pictures. For chance to make no more than 5.0 points at scores like these, it takes a test of at least 130 pictures.',
      );
    });

    it('does not trust scores after a handful of right answers', () => {
      // Wilson's interval of 3 of 3 is 43.8 % to 100 %.
      expect(said(0.001, 0.002, 3, 3)).toBe(
        'Too few pictures to tell. Scores are off by 0.1 points on average, but on 3 pictures how often it is right is ' +
          'known to no more than ±28.1 points. To know that to ±10.0 points where as large a part is right, it takes a test of at least 30 pictures.',
      );
    });
  });

  describe('of unequal classes', () => {
    const { report } = draw({ classes: CLASSES, test: 1, validation: 1 });
    const { results } = report;
    if (results === null) throw new Error('One picture is judged.');
    /** What the page's head says of a model that found so many of each class's pictures. */
    const said = (found: readonly (readonly [right: number, pictures: number])[], isUnequal = true) => {
      const right = found.reduce((sum, [count]) => sum + count, 0);
      const pictures = found.reduce((sum, [, count]) => sum + count, 0);
      const recalls = found.map(([count, of]) => toProportion(count, of) ?? null);
      const balanced = recalls.reduce((sum, recall) => sum + (recall?.value ?? 0), 0) / recalls.length;
      const page = drawReport(
        {
          ...report,
          imbalance: isUnequal
            ? {
                method: 'none',
                adjustsLogits: false,
                ratio: 100,
                factors: found.map(() => 1),
                smallClasses: 1,
                smallRecall: null,
                otherRecall: null,
              }
            : null,
          results: {
            ...results,
            accuracy: toProportion(right, pictures) ?? results.accuracy,
            balancedAccuracy: { value: balanced, low: balanced - 0.1, high: balanced + 0.1 },
            classes: recalls.map((recall) => ({
              support: recall?.trials ?? 0,
              precision: (recall?.successes ?? 0) === 0 ? null : (toProportion(9, 10) ?? null),
              recall,
              f1: null,
              bestF1Threshold: null,
            })),
          },
        },
        new Map(),
      );
      const [head = ''] = page.split('<h2>');
      return head
        .slice(head.indexOf('<main>'))
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+([.,:])/g, '$1')
        .replace(/\s+/g, ' ');
    };
    const NEVER_NAMED = [
      [400, 402],
      [40, 40],
      [0, 8],
    ] as const;

    it('puts balanced accuracy and the worst class first', () => {
      const head = said(NEVER_NAMED);
      expect(head).toContain('67 % balanced accuracy');
      expect(head).toContain('Of 100 new pictures, as many of each class, about 67 (57–77) will be right.');
      expect(head).toContain('The worst is owl: 0 of 8 of its pictures were recognized.');
      expect(head).toContain(
        '440 of 450 test pictures were right (97.8 %), which says little about small classes. Training never saw them.',
      );
      expect(head).not.toContain('about 98');
    });

    it('warns of a class that the model never names, and does not call its scores trustworthy', () => {
      for (const isUnequal of [true, false]) {
        const head = said(NEVER_NAMED, isUnequal);
        expect(head).toContain('The model never answered owl. It does not know that class');
        expect(head).toContain('Not for every class. A picture of owl gets another class');
        expect(head).not.toContain('Yes. A score of');
      }
    });

    it('does not take two pictures for proof that a class is unknown', () => {
      const head = said([
        [400, 402],
        [40, 40],
        [0, 2],
      ]);
      expect(head).not.toContain('never answered');
    });
  });

  it('shows 24 suspected labels, lists the others, and says where more than it lists are', () => {
    const { page, report } = draw({ classes: CLASSES, test: 0, validation: 3000, skill: 2 });
    const { count, pictures } = report.suspectedLabels;
    expect(pictures.length).toBe(Math.min(count, 1000));
    expect(count).toBeGreaterThan(224);
    const section = page.slice(page.indexOf('Labels to check'));
    expect(section).toContain('The 24 most suspicious:');
    expect(section.match(/<img/g)).toHaveLength(24);
    expect(section.match(/looks like <b>/g)).toHaveLength(200);
    expect(section).toContain(`<summary>${count - 24} more</summary>`);
    expect(section).toContain(
      `${count - 224} more are not listed here; the first ${pictures.length} of all are in <code>report.json</code>`,
    );
    const few = draw({ classes: CLASSES, test: 0, validation: 120, skill: 2 });
    const suspects = few.report.suspectedLabels;
    expect(suspects.pictures).toHaveLength(suspects.count);
    expect(few.page).not.toContain('not listed here');
    expect(unbalanced(page)).toEqual([]);
  });

  it('shows no picture in two lists', () => {
    const { page, report } = draw({ classes: CLASSES, test: 200, validation: 400, hasFolds: true, skill: 2 });
    const mistakes = report.results?.mistakes ?? [];
    const suspects = new Set(report.suspectedLabels.pictures.map(({ key }) => key));
    const inBoth = mistakes.filter(({ key }) => suspects.has(key)).length;
    expect(inBoth).toBeGreaterThan(0);
    const shown = [...page.matchAll(/<li title="([^"]*)">/g)].map(([, key]) => key);
    expect(new Set(shown).size).toBe(shown.length);
    expect(page).toContain(`${inBoth} of them may have a wrong label`);
    expect(shown).toHaveLength(mistakes.length - inBoth + 24);
  });

  it('says how many pictures trained, and of folds how many there were', () => {
    const made = makeReportInput({ classes: CLASSES, test: 60, validation: 240, hasFolds: true });
    const page = drawReport(assembleReport(made), new Map());
    expect(page).toContain('The model was trained on 240 of them.');
    expect(page).toContain('<th class="num">Trained on</th>');
    expect(page).toContain('in 5 parts)');
    const { outOfFold } = made;
    if (outOfFold === undefined) throw new Error('There are folds.');
    const once = drawReport(
      assembleReport({ ...made, outOfFold: { ...outOfFold, foldCount: 1 } }),
      new Map(),
    );
    expect(once).toContain(', held out at once)');
  });

  it('gives a model without mistakes an interval below 100 %', () => {
    const { page } = draw({ classes: CLASSES, test: 30, validation: 30, skill: 50 });
    expect(page).toContain('F1 100.0 % (88.6 %–100.0 %), recall 100.0 % (88.6 %–100.0 %)');
  });

  it('has no scripts and makes no requests', () => {
    const { page } = draw({ classes: CLASSES, test: 90, validation: 45 });
    expect(page).not.toMatch(/<script|<link|<iframe|@import|\son[a-z]+=|javascript:/i);
    expect(page.match(/(?:src|href)="(?!data:)[^"]*"/g)).toBeNull();
    expect(page).not.toMatch(/url\(|https?:\/\//);
  });

  it.each([
    [
      'many classes',
      { classes: Array.from({ length: 45 }, (_, i) => `class ${i}`), test: 180, validation: 90 },
    ],
    ['no mistake', { classes: CLASSES, test: 30, validation: 30, skill: 50 }],
    ['guessing', { classes: CLASSES, test: 60, validation: 30, skill: 0 }],
    ['no validation', { classes: CLASSES, test: 30, validation: 0 }],
    ['one picture', { classes: CLASSES, test: 1, validation: 1 }],
    ['nothing judged', { classes: CLASSES, test: 0, validation: 0 }],
  ])('is whole for %s', (_, options) => {
    const { page } = draw(options);
    expect(unbalanced(page)).toEqual([]);
    expect(page).not.toMatch(/NaN|undefined|null|Infinity|\[object/);
  });

  it('escapes names of classes and files', () => {
    const names = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "O'Hara & Söhne"];
    const { page } = draw({ classes: names, test: 60, validation: 30 });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<img src=x');
    expect(page).toContain('O&#39;Hara &amp; Söhne');
    expect(unbalanced(page)).toEqual([]);
  });
});

describe('html', () => {
  it('escapes values and keeps markup', () => {
    const inner = html`<b>${'<'}</b>`;
    expect(html`<p title="${'"'}">${inner}${[inner, 1]}${null}${false}</p>`.text).toBe(
      '<p title="&quot;"><b>&lt;</b><b>&lt;</b>1</p>',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { drawReport } from '../../../batch-job/report/draw-report.ts';
import { html } from '../../../batch-job/report/markup.ts';
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

  it('needs no script and asks nobody for anything', () => {
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

  it('shows names as text, whatever they are', () => {
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

// The page of a report as people see it: in windows of three widths, light and dark, and on paper. One is of a model that was trained here;
// another is drawn of invented numbers, with many classes of long names.

import type { Browser, Page } from 'playwright-core';
import { assembleReport } from '../../batch-job/report/assemble-report.ts';
import { drawReport } from '../../batch-job/report/draw-report.ts';
import { shownMistakes, shownSuspects } from '../../batch-job/report/markup/thumbnails.ts';
import { findBarriers } from '../support/find-barriers.ts';
import { makeReportInput } from '../support/report-input.ts';
import type { Demand } from './demand.ts';

const WIDTHS = [360, 375, 1280];
const HEIGHT = 800;
const MARGIN_MM = 14;
/** CSS pixels between the margins of each paper. */
const PAPERS = [
  { format: 'A4', width: ((210 - 2 * MARGIN_MM) * 96) / 25.4 },
  { format: 'Letter', width: ((215.9 - 2 * MARGIN_MM) * 96) / 25.4 },
] as const;
/** A gray pixel as WebP. */
const PIXEL = 'data:image/webp;base64,UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA';
const MANY_CLASSES = 45;

/** A report to look at. */
interface Looked {
  readonly name: string;
  readonly html: string;
  readonly mostPages: number;
}

/**
 * Looks at the report of a trained model, and at one of many classes.
 * @param trained the page of the first.
 */
export async function lookAtReport(browser: Browser, trained: string, demand: Demand): Promise<void> {
  const reports: readonly Looked[] = [
    { name: 'the report of a trained model', html: trained, mostPages: 6 },
    { name: `a report of ${MANY_CLASSES} classes`, html: drawLarge(), mostPages: 9 },
  ];
  for (const report of reports) {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of WIDTHS) await inWindow(browser, report, { width, colorScheme }, demand);
    }
    for (const paper of PAPERS) await onPaper(browser, report, paper, demand);
  }
}

function drawLarge(): string {
  const classes = Array.from({ length: MANY_CLASSES }, (_, index) => `a-class-with-a-long-name-${index}`);
  const report = assembleReport(
    makeReportInput({ classes, test: 450, validation: 900, hasFolds: true, skill: 2 }),
  );
  const shown = [...shownMistakes(report), ...shownSuspects(report)];
  return drawReport(report, new Map(shown.map(({ key }) => [key, PIXEL])));
}

async function show(
  browser: Browser,
  html: string,
  options: Parameters<Browser['newContext']>[0],
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.setContent(html);
  return page;
}

/** Elements that reach beyond the window and lie in no box that scrolls. */
const TOO_WIDE = `[...document.querySelectorAll('body *')].filter((element) =>
  !element.closest('.scroll > *') && element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .slice(0, 3).map((element) => element.outerHTML.slice(0, 80)).join(' ')`;

async function inWindow(
  browser: Browser,
  { name, html }: Looked,
  { width, colorScheme }: { readonly width: number; readonly colorScheme: 'light' | 'dark' },
  demand: Demand,
): Promise<void> {
  const page = await show(browser, html, { viewport: { width, height: HEIGHT }, colorScheme });
  const where = `${name} at ${width} px, ${colorScheme}`;
  const [scrolled, client] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )) as [number, number];
  const tooWide = String(await page.evaluate(TOO_WIDE));
  demand(scrolled <= client && tooWide === '', `${where} is ${scrolled} px wide ${tooWide}`.trim());
  const barriers = await findBarriers(page);
  demand(
    barriers.length === 0,
    `no barrier in ${where}${barriers.map((barrier) => `\n  ${barrier}`).join('')}`,
  );
  await page.context().close();
}

async function onPaper(
  browser: Browser,
  { name, html, mostPages }: Looked,
  { format, width }: (typeof PAPERS)[number],
  demand: Demand,
): Promise<void> {
  // A dark screen prints on white paper, too, and scripts do nothing for it.
  const page = await show(browser, html, {
    viewport: { width: Math.floor(width), height: HEIGHT },
    colorScheme: 'dark',
  });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const widest = Number(
    await page.evaluate(
      `Math.max(...[...document.querySelectorAll('table, svg, img, pre')].map((element) => element.getBoundingClientRect().right))`,
    ),
  );
  demand(widest <= width, `${name} is ${widest.toFixed(0)} of ${width.toFixed(0)} px wide on ${format}`);
  const ink = String(await page.evaluate('getComputedStyle(document.body).color'));
  demand(ink === 'rgb(29, 33, 38)', `${name} is dark on white paper: ${ink}`);
  const side = `${MARGIN_MM}mm`;
  const pdf = await page.pdf({ format, margin: { top: side, right: side, bottom: side, left: side } });
  const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  demand(pages > 0 && pages <= mostPages, `${name} takes ${pages} pages of ${format}`);
  await page.context().close();
}

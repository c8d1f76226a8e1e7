// The risk-coverage curve: the share of mistakes against the share of pictures that are answered.

import { area, line } from 'd3-shape';
import type { ReportResults } from '../../../core/model/report.ts';
import { html, type Markup } from '../markup/markup.ts';
import { chart, px } from './chart-frame.ts';

const WIDTH = 420;
const HEIGHT = 300;
const FULL = 100;
/** Left of this, the curve is of a handful of pictures and jumps. */
const MIN_COVERAGE = 0.05;

/** The risk-coverage curve as an SVG, with the rejection threshold where there is one. */
export function riskCoverageChart({ riskCoverage, rejection }: ReportResults): Markup {
  const points = riskCoverage.points.filter(({ coverage }) => coverage >= MIN_COVERAGE);
  const top = Math.max(0.05, ...points.map(({ risk }) => risk)) * 1.1;
  const kept = rejection === null ? undefined : 1 - rejection.rejected.value;
  return chart(
    {
      width: WIDTH,
      height: HEIGHT,
      title: 'Share of mistakes against the share of pictures that are answered',
      x: { domain: [0, 1], label: 'answered, %', format: (value) => (FULL * value).toFixed(0) },
      y: { domain: [0, top], label: 'mistakes among them, %', format: (value) => (FULL * value).toFixed(0) },
    },
    (x, y) => {
      const curve = line<(typeof points)[number]>()
        .x((point) => x(point.coverage))
        .y((point) => y(point.risk))
        .digits(1);
      const under = area<(typeof points)[number]>()
        .x((point) => x(point.coverage))
        .y0(y(0))
        .y1((point) => y(point.risk))
        .digits(1);
      const mark =
        kept === undefined
          ? null
          : html`<line class="reference" x1="${px(x(kept))}" x2="${px(x(kept))}" y1="${px(y(0))}" y2="${px(y(top))}"/>
<text x="${px(x(kept) - 6)}" y="${px(y(top) + 12)}" text-anchor="end">threshold</text>`;
      return html`<path class="area" d="${under(points)}"/><path class="line first" d="${curve(points)}"/>${mark}`;
    },
  );
}

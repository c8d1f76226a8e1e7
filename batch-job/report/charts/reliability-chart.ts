// A reliability diagram: how often answers of a confidence were right, against the diagonal of perfect calibration.

import type { ReportScoreQuality } from '../../../core/model/report.ts';
import { percent } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';
import { chart, px } from './chart-frame.ts';

const WIDTH = 420;
const HEIGHT = 300;
const FULL = 100;

/** The reliability diagram of a model's scores, as an SVG. */
export function reliabilityChart({ bins }: ReportScoreQuality, title: string): Markup {
  const largest = Math.max(...bins.map(({ count }) => count));
  const axis = { domain: [0, 1] as const, format: (value: number) => (FULL * value).toFixed(0) };
  return chart(
    {
      width: WIDTH,
      height: HEIGHT,
      title,
      x: { ...axis, label: 'score of the answer, %' },
      y: { ...axis, label: 'right, %' },
    },
    (x, y) => {
      const bars = bins.map((bin) => {
        if (bin.accuracy === null || bin.confidence === null) return null;
        // Bins with few answers say little and look so.
        const opacity = 0.25 + 0.75 * Math.sqrt(bin.count / largest);
        const hint = `${bin.count} answers with ${percent(bin.confidence)}: ${percent(bin.accuracy)} right`;
        return html`<g><title>${hint}</title>
<rect class="bar" fill-opacity="${opacity.toFixed(2)}" x="${px(x(bin.low) + 1)}" width="${px(x(bin.high) - x(bin.low) - 2)}" y="${px(y(bin.accuracy))}" height="${px(y(0) - y(bin.accuracy))}"/>
<line class="gap" x1="${px(x(bin.confidence))}" x2="${px(x(bin.confidence))}" y1="${px(y(bin.accuracy))}" y2="${px(y(bin.confidence))}"/></g>`;
      });
      return html`${bars}<line class="reference" x1="${px(x(0))}" y1="${px(y(0))}" x2="${px(x(1))}" y2="${px(y(1))}"/>`;
    },
  );
}

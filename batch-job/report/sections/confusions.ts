// The report's section on confusions: the matrix, and the most frequent mistakes as a table.

import type { Report, ReportResults } from '../../../core/model/report.ts';
import { confusionChart } from '../charts/confusion-chart.ts';
import { percent } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';
import { scrollTable } from '../markup/scroll-table.ts';

/** The confusion matrix and the most frequent mistakes. */
export const confusions = (report: Report, results: ReportResults): Markup => html`<section class="card">
<h2>What it confuses with what</h2>
<p class="note">Rows: what the pictures show. Columns: what the model said. Blue is right, orange is wrong; the darker, the larger the share of the row.</p>
${confusionChart(results, report.labels)}
${
  results.confusions.length > 0 &&
  scrollTable({
    label: 'The most frequent mistakes',
    isNarrow: true,
    head: html`<th>Shows</th><th>Taken for</th><th class="num">Times</th><th class="num">Of its pictures</th>`,
    rows: results.confusions.map(
      ({ actual, predicted, count, share }) =>
        html`<tr><td>${report.labels[actual]}</td><td>${report.labels[predicted]}</td><td class="num">${count}</td><td class="num">${percent(share, 0)}</td></tr>`,
    ),
  })
}
</section>`;

// The report's section on each class, the worst first.

import type { Report, ReportResults } from '../../../core/model/report.ts';
import { intervalBar } from '../charts/interval-bar.ts';
import { percent } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';
import { scrollTable } from '../markup/scroll-table.ts';

type ClassResult = ReportResults['classes'][number];

/** A table of recall, precision and F1 of each class, the lowest F1 first. */
export function classes(report: Report, results: ReportResults): Markup {
  const order = [...results.classes.keys()].sort(
    (a, b) => (results.classes[a]?.f1?.value ?? -1) - (results.classes[b]?.f1?.value ?? -1) || a - b,
  );
  const { macroF1, balancedAccuracy, topK } = results;
  return html`<section class="card">
<h2>Class by class</h2>
<p class="note">The worst first. Recall: of the pictures of a class, how many were found. Precision: of the answers with its name, how many were right. F1 joins both. The bars show the 95 % range. If you ask only whether a picture shows this class, answer yes from the threshold upward.</p>
${scrollTable({
  label: 'Recall, precision and F1 of each class',
  head: html`<th>Class</th><th class="num">Trained on</th><th class="num">Judged</th><th colspan="2">Recall</th><th colspan="2">Precision</th><th colspan="2">F1</th><th class="num">Threshold</th>`,
  rows: order.map((index) => row(report, index, results.classes[index] as ClassResult)),
})}
<p class="note">Mean over classes: F1 ${percent(macroF1.value)} (${percent(macroF1.low)}–${percent(macroF1.high)}), recall ${percent(balancedAccuracy.value)} (${percent(balancedAccuracy.low)}–${percent(balancedAccuracy.high)}).${topK.map(({ k, accuracy }) => ` Among the first ${k} answers: ${percent(accuracy.value)}.`)}</p>
</section>`;
}

const row = (report: Report, index: number, result: ClassResult): Markup =>
  html`<tr><td>${report.labels[index]}</td><td class="num">${report.dataset.classes[index]?.trained ?? report.dataset.classes[index]?.train}</td><td class="num">${result.support}</td>${cells(result.recall)}${cells(result.precision)}${cells(result.f1)}<td class="num">${result.bestF1Threshold ? percent(result.bestF1Threshold.threshold, 0) : '–'}</td></tr>`;

const cells = (estimate: ClassResult['f1']): Markup =>
  estimate === null
    ? html`<td class="num">–</td><td></td>`
    : html`<td class="num">${percent(estimate.value, 0)}</td><td>${intervalBar(estimate)}</td>`;

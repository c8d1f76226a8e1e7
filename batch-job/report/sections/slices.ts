// The report's sections on the data: accuracy by size and brightness of pictures, and the findings of the inspection.

import type { Report, ReportResults } from '../../../core/model/report.ts';
import { intervalBar } from '../charts/interval-bar.ts';
import { percent, plural, ratio, shortKey } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';
import { scrollTable } from '../markup/scroll-table.ts';

const SLICES = {
  megapixels: { title: 'Size', format: (value: number) => `${value.toFixed(2)} MP` },
  brightness: { title: 'Brightness', format: (value: number) => percent(value, 0) },
} as const;

/** Accuracy by size and by brightness; null where the pictures do not differ. */
export function slices({ slices: all }: ReportResults): Markup | null {
  if (all.length === 0) return null;
  return html`<section class="card">
<h2>By size and brightness</h2>
<p class="note">The evaluated pictures in three groups of about equal number. Ranges that do not overlap are a difference; others may be chance.</p>
${scrollTable({
  label: 'Right answers by size and brightness',
  isNarrow: true,
  head: html`<th>By</th><th>Pictures</th><th class="num">Right</th><th>95 % range</th><th class="num">Count</th>`,
  rows: all.flatMap(({ by, parts }) =>
    parts.map(
      ({ from, to, accuracy }, index) =>
        html`<tr><td>${index === 0 ? SLICES[by].title : ''}</td><td>${SLICES[by].format(from)} – ${SLICES[by].format(to)}</td><td class="num">${percent(accuracy.value)}</td><td>${intervalBar(accuracy)}</td><td class="num">${ratio(accuracy)}</td></tr>`,
    ),
  ),
})}
</section>`;
}

const GROUPS_SHOWN = 5;

/** Numbers of pictures, findings and near-duplicates of the dataset. */
export function dataset({ dataset: data, labels }: Report): Markup {
  const near = data.nearDuplicates;
  const totals = data.classes.reduce<Record<'train' | 'validation' | 'test' | 'trained', number>>(
    (sum, { train, validation, test, trained = train }) => ({
      train: sum.train + train,
      validation: sum.validation + validation,
      test: sum.test + test,
      trained: sum.trained + trained,
    }),
    { train: 0, validation: 0, test: 0, trained: 0 },
  );
  const findings = Object.entries(data.findings);
  return html`<section class="card">
<h2>The data</h2>
<p><b>${data.name}</b>: ${plural(labels.length, 'class', 'classes')}; ${totals.train} pictures in the training split, ${totals.validation} in the validation split, ${totals.test} in the test. The model was trained on ${totals.trained} of them.</p>
<p>${
    findings.length === 0
      ? 'Nothing was found wrong with the files.'
      : html`Found: ${findings.map(([code, count], index) => html`${index > 0 ? ', ' : ''}${count} × <code>${code}</code>`)}.`
  }</p>
<p>${
    near.groupCount === 0
      ? 'No two pictures look the same.'
      : `${plural(near.pictureCount, 'picture')} in ${plural(near.groupCount, 'group')} look the same; ${near.acrossSplits} of these groups are on both sides of a split, ${near.acrossClasses} in more than one class.`
  }</p>
${
  near.groupCount > 0 &&
  html`<ul class="keys">${near.groups.slice(0, GROUPS_SHOWN).map((group) => html`<li>${group.map(shortKey).join(' = ')}</li>`)}</ul>`
}
</section>`;
}

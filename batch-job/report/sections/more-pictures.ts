// The report's section on what to photograph next: the classes that more pictures would help most.

import { LEAST_GROUPS } from '../../../core/evaluation/learning-curve.ts';
import { MORE_PICTURES, type Report, type ReportResults } from '../../../core/model/report.ts';
import { firstOf, points } from '../../../core/words/quantities.ts';
import { percent } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';
import { scrollTable } from '../markup/scroll-table.ts';

/** Classes that the table lists. */
const LISTED = 5;
/** A gain below this is not worth a photographer's day. */
const MIN_GAIN = 0.005;

/** The classes with the largest estimated gain; null where the folds do not tell. */
export function morePictures({ labels }: Report, { outOfFold }: ReportResults): Markup | null {
  const known = (outOfFold?.classes ?? []).flatMap(({ recall, gainOfMore }, index) =>
    recall === null || gainOfMore === null ? [] : [{ label: labels[index], recall, gain: gainOfMore }],
  );
  const unknown = (outOfFold?.classes ?? []).flatMap(({ recall, gainOfMore }, index) =>
    recall !== null && gainOfMore === null && recall.trials < LEAST_GROUPS ? [labels[index] as string] : [],
  );
  if (known.length === 0 && unknown.length === 0) return null;
  const worth = known
    .filter(({ gain }) => gain.value >= MIN_GAIN)
    .sort((a, b) => b.gain.value - a.gain.value)
    .slice(0, LISTED);
  return html`<section class="card">
<h2>What to photograph next</h2>
${unknown.length > 0 && html`<p>Begin with ${firstOf(unknown, LISTED)}: with less than ${LEAST_GROUPS} pictures that differ, little is known of ${unknown.length === 1 ? 'that class' : 'those classes'}.</p>`}
${
  known.length === 0
    ? null
    : worth.length === 0
      ? html`<p>More pictures like these would help little: ${MORE_PICTURES} more of a class gain less than ${points(MIN_GAIN)} of it.</p>`
      : html`<p class="note">How many more pictures of a class would be found if it had ${MORE_PICTURES} pictures more. Estimated from models that were trained on a part of the pictures and on all of them; new objects and places count, more of the same do not.</p>
${scrollTable({
  label: 'What more pictures would gain',
  isNarrow: true,
  head: html`<th>Class</th><th class="num">Found now</th><th class="num">Gain</th><th class="num">95 % range</th>`,
  rows: worth.map(
    ({ label, recall, gain }) =>
      html`<tr><td>${label}</td><td class="num">${percent(recall.value, 0)}</td><td class="num">+${points(gain.value)}</td><td class="num">${points(gain.low)} – ${points(gain.high)}</td></tr>`,
  ),
})}`
}
</section>`;
}

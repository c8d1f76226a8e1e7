// The report's sections with pictures: the mistakes that the model was surest of, and labels that are probably wrong.

import { REPORT_FILE, type Report, type ReportPicture } from '../../../core/model/report.ts';
import { percent, plural, shortKey } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';
import { MAX_LISTED, shownMistakes, shownSuspects, type Thumbnails } from '../markup/thumbnails.ts';

/** Tiles of the worst mistakes and of the suspected labels, with the thumbnails that there are. */
export function pictures(report: Report, thumbnails: Thumbnails): Markup {
  const mistakes = shownMistakes(report);
  const elsewhere = (report.results?.mistakes.length ?? 0) - mistakes.length;
  const suspects = report.suspectedLabels;
  const shown = shownSuspects(report);
  const tiles = (list: readonly ReportPicture[]) =>
    html`<ul class="tiles">${list.map((picture) => tile(report, picture, thumbnails))}</ul>`;
  return html`<section class="card">
<h2>Worst mistakes</h2>
${
  mistakes.length + elsewhere === 0
    ? html`<p>None: every evaluated picture was recognized.</p>`
    : html`<p class="note">The wrong answers that the model was surest of.${elsewhere > 0 && ` ${elsewhere} of them may have a wrong label, and ${elsewhere === 1 ? 'is' : 'are'} among the labels to check.`}</p>${mistakes.length > 0 && tiles(mistakes)}`
}
</section>
<section class="card">
<h2>Labels to check</h2>
${
  suspects.count === 0
    ? html`<p>None of ${plural(suspects.judged, 'label')} looks wrong.</p>`
    : html`<p class="note">${suspects.count === 1 ? 'One' : suspects.count} of ${suspects.judged} labels, each judged by a model that had not seen it, may be wrong: it is as sure of another class as it is of that class's own pictures (confident learning). Most are plain mistakes of the model; a wrong label found among them is worth more than a new picture.${suspects.count > shown.length && ` The ${shown.length} most suspicious:`}</p>${tiles(shown)}${restOf(report, shown.length)}`
}
</section>`;
}

/** The suspected labels without a picture, as a list, and where the others are; null where there are none. */
function restOf({ labels, suspectedLabels: { count, pictures: all } }: Report, shown: number): Markup | null {
  if (count <= shown) return null;
  const listed = all.slice(shown, shown + MAX_LISTED);
  const rest = count - shown - listed.length;
  const inFile = all.length - shown - listed.length;
  const others =
    rest > 0 &&
    html`<p class="note">${rest} more are not listed here${inFile > 0 && html`; the first ${all.length} of all are in <code>${REPORT_FILE}</code>, under <code>suspectedLabels.pictures</code>`}.</p>`;
  return html`<details><summary>${count - shown} more</summary><ul class="keys">${listed.map(
    ({ key, label, predicted }) =>
      html`<li>${shortKey(key)}: labeled ${labels[label]}, looks like <b>${labels[predicted]}</b></li>`,
  )}</ul>${others}</details>`;
}

function tile({ labels }: Report, picture: ReportPicture, thumbnails: Thumbnails): Markup {
  const source = thumbnails.get(picture.key);
  const image =
    source === undefined
      ? html`<span class="gone">no picture</span>`
      : html`<img src="${source}" width="112" height="112" alt="">`;
  return html`<li title="${picture.key}">${image}<b>${labels[picture.predicted]}</b> <span class="num">${percent(picture.score, 0)}</span><br>labeled ${labels[picture.label]} <span class="num">${percent(picture.labelScore, 0)}</span><br><small>${shortKey(picture.key)}</small></li>`;
}

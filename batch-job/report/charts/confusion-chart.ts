// The confusion matrix as a picture: rows are true classes, columns predictions.

import type { ReportResults } from '../../../core/model/report.ts';
import { present } from '../../../core/present.ts';
import { html, type Markup } from '../markup/markup.ts';
import { scrollBox } from '../markup/scroll-table.ts';
import { px } from './chart-frame.ts';

/** The most classes that are drawn; where there are more, those with the most mistakes. */
const MAX_CLASSES = 30;
const WIDTH = 760;
/** The most characters of a name that fit. */
const NAME_LENGTH = 20;
const NAME_WIDTH = 150;
/** The height that names take, which stand slanted: of the frame, and of each character. */
const HEADER_FRAME = 20;
const HEADER_CHARACTER = 5;
const DARK = 0.55;

/** The confusion matrix as an SVG, each cell by its share of the row. @param labels Names of the classes, by index. */
export function confusionChart(results: ReportResults, labels: readonly string[]): Markup {
  const nameOf = (index: number) => present(labels[index], `a name of the class ${index}`);
  const shown = classesShown(results.confusionMatrix);
  const cell = Math.min(52, (WIDTH - NAME_WIDTH) / shown.length);
  const width = NAME_WIDTH + cell * shown.length;
  const longest = Math.max(...shown.map((index) => shorten(nameOf(index)).length));
  const header = HEADER_FRAME + HEADER_CHARACTER * longest;
  const columns = shown.map((index, column) => {
    const x = px(NAME_WIDTH + cell * (column + 0.5));
    return html`<text transform="translate(${x} ${header - 8}) rotate(-45)">${shorten(nameOf(index))}</text>`;
  });
  const rows = shown.map((actual, row) => {
    const counts = results.confusionMatrix[actual] ?? [];
    const support = counts.reduce((total, count) => total + count, 0);
    const y = header + cell * row;
    const cells = shown.map((predicted, column) => {
      const count = counts[predicted] ?? 0;
      const share = support === 0 ? 0 : count / support;
      const kind = actual === predicted ? 'right' : 'wrong';
      const x = NAME_WIDTH + cell * column;
      const number =
        count > 0 && cell >= 16
          ? html`<text class="${share > DARK ? 'on-dark' : ''}" x="${px(x + cell / 2)}" y="${px(y + cell / 2 + 4)}" text-anchor="middle">${count}</text>`
          : null;
      return html`<g><title>${nameOf(actual)} taken for ${nameOf(predicted)}: ${count} of ${support}</title>
<rect class="cell" x="${px(x + 1)}" y="${px(y + 1)}" width="${px(cell - 2)}" height="${px(cell - 2)}" rx="3"/>
<rect class="${kind}" fill-opacity="${share === 0 ? 0 : (0.12 + 0.88 * share).toFixed(2)}" x="${px(x + 1)}" y="${px(y + 1)}" width="${px(cell - 2)}" height="${px(cell - 2)}" rx="3"/>${number}</g>`;
    });
    return html`<text x="${NAME_WIDTH - 10}" y="${px(y + cell / 2 + 4)}" text-anchor="end">${shorten(nameOf(actual))}</text>${cells}`;
  });
  const natural = width + 60;
  const matrix = html`<svg class="chart matrix" viewBox="0 0 ${px(natural)} ${px(header + cell * shown.length + 4)}" style="--width:${px(natural)}px" role="img" aria-label="Confusion matrix: rows are true classes, columns predictions">
${columns}${rows}
</svg>`;
  return html`${scrollBox('Confusion matrix', matrix)}${shown.length < labels.length && html`<p class="note">The ${shown.length} of ${labels.length} classes with the most mistakes.</p>`}`;
}

function classesShown(matrix: ReportResults['confusionMatrix']): number[] {
  const all = [...matrix.keys()];
  if (all.length <= MAX_CLASSES) return all;
  const mistakes = all.map((index) =>
    all.reduce(
      (total, other) =>
        other === index ? total : total + (matrix[index]?.[other] ?? 0) + (matrix[other]?.[index] ?? 0),
      0,
    ),
  );
  return all
    .sort((a, b) => (mistakes[b] ?? 0) - (mistakes[a] ?? 0) || a - b)
    .slice(0, MAX_CLASSES)
    .sort((a, b) => a - b);
}

const shorten = (name: string) => (name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name);

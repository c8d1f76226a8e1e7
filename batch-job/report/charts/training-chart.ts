// A metric over the epochs, on the training and on the validation split.

import { line } from 'd3-shape';
import type { Epoch } from '../../../core/model/report.ts';
import { html, type Markup } from '../markup/markup.ts';
import { chart, px } from './chart-frame.ts';

const WIDTH = 420;
const HEIGHT = 260;

/** Which metric is drawn, and how its axis is labelled. */
export interface TrainingChartOptions {
  readonly title: string;
  readonly train: (epoch: Epoch) => number | null;
  readonly validation: (epoch: Epoch) => number | null;
  readonly format: (value: number) => string;
  /** Top of the axis, where it is known; else the largest value. */
  readonly top?: number;
}

/** The metric over all epochs as an SVG. Epochs are counted through all stages; a line marks where a stage begins. */
export function trainingChart(history: readonly Epoch[], options: TrainingChartOptions): Markup {
  const series = [
    { name: 'first', values: history.map(options.train) },
    { name: 'second', values: history.map(options.validation) },
  ];
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const top = options.top ?? Math.max(...known, 0) * 1.05;
  const stageStarts = history.flatMap((epoch, index) =>
    index > 0 && epoch.stage !== history[index - 1]?.stage ? [{ index, stage: epoch.stage }] : [],
  );
  return chart(
    {
      width: WIDTH,
      height: HEIGHT,
      title: options.title,
      x: {
        domain: [1, Math.max(2, history.length)],
        label: 'epoch',
        format: (value) => (Number.isInteger(value) ? String(value) : ''),
      },
      y: { domain: [0, top === 0 ? 1 : top], label: options.title, format: options.format },
    },
    (x, y) => {
      const draw = line<number | null>()
        .defined((value) => value !== null)
        .x((_, index) => x(index + 1))
        .y((value) => y(value ?? 0))
        .digits(1);
      const marks = stageStarts.map(
        ({
          index,
          stage,
        }) => html`<line class="reference" x1="${px(x(index + 0.5))}" x2="${px(x(index + 0.5))}" y1="${px(y(0))}" y2="${px(y(y.domain()[1] ?? 1))}"/>
<text x="${px(x(index + 0.5) + 4)}" y="24">${stage}</text>`,
      );
      const paths = series.map(({ name, values }) => html`<path class="line ${name}" d="${draw(values)}"/>`);
      return html`${marks}${paths}`;
    },
  );
}

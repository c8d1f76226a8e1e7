// The frame of every chart: axes, ticks and their labels.

import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { type Fragment, html, type Markup } from '../markup/markup.ts';

/** An axis: its range, label and ticks. */
export interface Axis {
  readonly domain: readonly [number, number];
  readonly label: string;
  readonly format: (value: number) => string;
  readonly ticks?: number;
}

/** The size of a chart in pixels, its axes and its title. */
export interface ChartOptions {
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  /** The description for screen readers. */
  readonly title: string;
}

/** A linear scale from values to pixels. */
export type Scale = ScaleLinear<number, number>;

const MARGIN = { top: 12, right: 14, bottom: 40, left: 52 };
const DEFAULT_TICKS = 5;

/**
 * A chart as an SVG that scales with its column.
 *
 * @param draw Draws the values, given the scales from values to pixels.
 */
export function chart(options: ChartOptions, draw: (x: Scale, y: Scale) => Fragment): Markup {
  const { width, height, title } = options;
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  const x = scaleLinear().domain(options.x.domain).range([MARGIN.left, right]);
  const y = scaleLinear().domain(options.y.domain).range([bottom, MARGIN.top]);
  const xTicks = x.ticks(options.x.ticks ?? DEFAULT_TICKS).map(
    (
      value,
    ) => html`<line class="grid" x1="${px(x(value))}" x2="${px(x(value))}" y1="${MARGIN.top}" y2="${bottom}"/>
<text x="${px(x(value))}" y="${bottom + 16}" text-anchor="middle">${options.x.format(value)}</text>`,
  );
  const yTicks = y.ticks(options.y.ticks ?? DEFAULT_TICKS).map(
    (
      value,
    ) => html`<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${px(y(value))}" y2="${px(y(value))}"/>
<text x="${MARGIN.left - 8}" y="${px(y(value) + 4)}" text-anchor="end">${options.y.format(value)}</text>`,
  );
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
${xTicks}${yTicks}
<text class="axis" x="${px((MARGIN.left + right) / 2)}" y="${height - 6}" text-anchor="middle">${options.x.label}</text>
<text class="axis" transform="translate(12 ${px((MARGIN.top + bottom) / 2)}) rotate(-90)" text-anchor="middle">${options.y.label}</text>
${draw(x, y)}
</svg>`;
}

/** A coordinate in SVG, rounded to a tenth of a pixel. */
export const px = (value: number): string => String(Math.round(10 * value) / 10);

// Curves over rounds, as SVG. Colors are those of the style sheet.

import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { TEXTS } from '../words/texts.ts';

/** One curve: a value for each round, null where there is none. */
export interface Curve {
  readonly name: string;
  readonly kind: 'training' | 'validation';
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** Fixed ends of the values; by default those of the curves. */
  readonly range?: readonly [number, number];
  readonly format: (value: number) => string;
}

const WIDTH = 420;
const HEIGHT = 200;
const LEFT = 60;
const BOTTOM = 26;
const EDGE = 8;
const TICKS = 4;

/** A chart with one line for each curve, a legend, and its last values as text. */
export function Chart({ title, curves, range, format }: ChartProps) {
  const known = curves.filter(({ values }) => values.some((value) => value !== null));
  const all = known.flatMap(({ values }) => values.filter((value) => value !== null));
  const rounds = Math.max(2, ...known.map(({ values }) => values.length));
  const x = scaleLinear([1, rounds], [LEFT, WIDTH - EDGE]);
  const y = scaleLinear(range ?? [Math.min(0, ...all), Math.max(...all, 1e-6)], [HEIGHT - BOTTOM, EDGE]);
  const draw = line<number | null>()
    .defined((value) => value !== null)
    .x((_, index) => x(index + 1))
    .y((value) => y(value ?? 0));
  const last = known.map(({ name, values }) => {
    const value = values.findLast((candidate) => candidate !== null);
    return value == null ? '' : TEXTS.job.lastValue(name, format(value));
  });
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={TEXTS.job.chart(title, last.join(' '))}>
        {y.ticks(TICKS).map((tick) => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={WIDTH - EDGE} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={LEFT - 6} y={y(tick) + 4} text-anchor="end">
              {format(tick)}
            </text>
          </g>
        ))}
        {x
          .ticks(Math.min(rounds, 6))
          .filter(Number.isInteger)
          .map((tick) => (
            <text class="tick" key={tick} x={x(tick)} y={HEIGHT - 8} text-anchor="middle">
              {tick}
            </text>
          ))}
        {known.map(({ name, kind, values }) => (
          <path key={name} class={`curve ${kind}`} d={draw([...values]) ?? ''} />
        ))}
      </svg>
      <ul class="legend">
        {known.map(({ name, kind }) => (
          <li key={name} class={kind}>
            {name}
          </li>
        ))}
      </ul>
    </figure>
  );
}

// A share and its interval as a small bar, for tables.

import { html, type Markup } from '../markup/markup.ts';
import { px } from './chart-frame.ts';

const WIDTH = 110;
const HEIGHT = 14;

/** A bar from 0 (left) to 1 (right) with the interval and a dot at the value. */
export const intervalBar = (estimate: {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}): Markup =>
  html`<svg class="interval" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true">
<rect class="track" x="0" y="5" width="${WIDTH}" height="4" rx="2"/>
<rect class="range" x="${px(WIDTH * estimate.low)}" y="3" width="${px(Math.max(2, WIDTH * (estimate.high - estimate.low)))}" height="8" rx="4"/>
<circle class="dot" cx="${px(Math.min(WIDTH - 4, Math.max(4, WIDTH * estimate.value)))}" cy="7" r="4"/>
</svg>`;

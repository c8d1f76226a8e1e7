// Tables of the report: in a box that scrolls where the window is narrower, also by keyboard.

import { type Fragment, html, type Markup } from './markup.ts';

/** What a table holds. */
export interface ScrollTableOptions {
  /** What screen readers call the box. */
  readonly label: string;
  /** The cells of its head. */
  readonly head: Markup;
  readonly rows: Fragment;
  /** Whether it is only as wide as it must be. Default: as wide as the page. */
  readonly isNarrow?: boolean;
}

/** A box that scrolls sideways. */
export const scrollBox = (label: string, content: Fragment): Markup =>
  html`<div class="scroll" role="group" aria-label="${label}" tabindex="0">${content}</div>`;

/** The table in its box. */
export const scrollTable = ({ label, head, rows, isNarrow = false }: ScrollTableOptions): Markup =>
  scrollBox(
    label,
    html`<table class="${isNarrow ? 'narrow' : 'full'}"><thead><tr>${head}</tr></thead><tbody>
${rows}
</tbody></table>`,
  );

// A table in a box of its own that scrolls where it is wider than the page.

import type { ComponentChildren } from 'preact';

interface ScrollTableProps {
  readonly id?: string;
  /** What screen readers call it. */
  readonly label: string;
  readonly columns: readonly string[];
  /** Its rows. */
  readonly children: ComponentChildren;
}

/** The table of numbers, with a head for each column. */
export const ScrollTable = ({ id, label, columns, children }: ScrollTableProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll it where it is wide.
  <section class="scroll" aria-label={label} tabIndex={0}>
    <table id={id} class="numbers">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </section>
);

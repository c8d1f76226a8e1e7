// Tables for a terminal.

import stringWidth from 'string-width';

/** What a cell shows: null nothing. A text may have colors. */
type Cell = string | number | null;

/** Rows under a head, without lines, which would make long tables hard to read. */
export interface PlainTable {
  /** Adds rows; each has a cell for each column of the head. */
  push(...rows: readonly (readonly Cell[])[]): void;
  /** The head, then the rows, each on a line. */
  toString(): string;
}

const GAP = '  ';

/**
 * Makes a table.
 * @param leftColumns number of columns, from the left, that are text; the others are numbers.
 */
export function newTable(head: readonly string[], leftColumns: number): PlainTable {
  const lines: string[][] = [];
  const push = (...rows: readonly (readonly Cell[])[]) => {
    for (const row of rows) lines.push(row.map((cell) => String(cell ?? '').replaceAll(/\s*\n\s*/g, ' ')));
  };
  push(head);
  return {
    push,
    toString() {
      const widths = head.map((_, column) =>
        Math.max(...lines.map((line) => stringWidth(line[column] ?? ''))),
      );
      const pad = (cell: string, column: number) => {
        const space = ' '.repeat((widths[column] ?? 0) - stringWidth(cell));
        return column < leftColumns ? cell + space : space + cell;
      };
      return lines.map((line) => line.map(pad).join(GAP).trimEnd()).join('\n');
    },
  };
}

// Tables for a terminal.

import Table from 'cli-table3';

/**
 * A table without lines, which would make long tables hard to read.
 * @param leftColumns number of columns, from the left, that are text; the others are numbers.
 */
export const newTable = (head: string[], leftColumns: number) =>
  new Table({
    head,
    colAligns: head.map((_, i) => (i < leftColumns ? 'left' : 'right')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(
      ['top', 'bottom', 'left', 'right', 'mid', 'middle'].flatMap((place) =>
        place === 'middle'
          ? [[place, '']]
          : ['', '-mid', '-left', '-right'].map((part) => [`${place}${part}`, '']),
      ),
    ),
  });

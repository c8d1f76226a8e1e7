import { expect, it } from 'vitest';
import { newTable } from '../../../cli/terminal/plain-table.ts';

it('texts are on the left of their columns, numbers on the right, and nothing ends with spaces', () => {
  const table = newTable(['class', 'pictures', ''], 1);
  table.push(['cat', 1200, ''], ['a long name', 3, '◄ peak']);
  expect(table.toString()).toBe(
    ['class        pictures', 'cat              1200', 'a long name         3  ◄ peak'].join('\n'),
  );
});

it('colors have no width, wide characters have two columns, and a cell is one line', () => {
  const table = newTable(['a', 'b'], 2);
  table.push(['\u001b[31mred\u001b[39m', 'x'], ['花', 'y'], ['two\n lines', 'z']);
  expect(table.toString().split('\n')).toEqual([
    'a          b',
    '\u001b[31mred\u001b[39m        x',
    '花         y',
    'two lines  z',
  ]);
});

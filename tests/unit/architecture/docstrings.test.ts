import { describe, expect, it } from 'vitest';
import { findDocstringFaults } from '../../../scripts/docstrings/find-docstring-faults.ts';

const EXPORTS = {
  function: 'export function area(side: number): number {\n  return side ** 2;\n}',
  'async function': 'export async function load(): Promise<void> {}',
  constant: 'export const SIDE = 3;',
  'destructured constants': 'export const { width, height } = SIZE;',
  class: 'export class Square {}',
  interface: 'export interface Square {\n  readonly side: number;\n}',
  type: 'export type Square = z.infer<typeof SquareSchema>;',
  enumeration: 'export enum Side { A }',
  'default export': 'export default function (): void {}',
};

describe.each(Object.entries(EXPORTS))('an exported %s', (_, statement) => {
  it('is refused without a docstring', () => {
    expect(findDocstringFaults(`const kept = 1;\n\n// A comment.\n${statement}\n`)).toEqual([
      { line: 4, message: expect.stringContaining('is exported without a docstring') },
    ]);
  });

  it('passes with a docstring', () => {
    expect(findDocstringFaults(`/** What a shape with four equal sides needs. */\n${statement}\n`)).toEqual(
      [],
    );
  });

  it('is refused with a docstring that has tags alone', () => {
    expect(findDocstringFaults(`/** @throws RangeError */\n${statement}\n`)).toHaveLength(1);
  });
});

it('refuses what a list of exports names without a docstring, and leaves other names alone', () => {
  const text =
    'const a = 1;\n/** The second of two. */\nconst b = 2;\nconst c = 3;\nexport { a as one, b };\n';
  expect(findDocstringFaults(text)).toEqual([{ line: 1, message: '"a" is exported without a docstring.' }]);
});

it('asks for no docstring of what is not exported', () => {
  expect(findDocstringFaults('const a = 1;\nfunction b(): void {}\ninterface C {}\n')).toEqual([]);
});

describe('a docstring that begins with a subjectless "Of"', () => {
  it.each(['export const LIMIT = 3;', 'const limit = 3;', 'function limit(): void {}'])(
    'is refused before `%s`',
    (statement) => {
      expect(findDocstringFaults(`/** Of a page. */\n${statement}\n`)).toEqual([
        { line: 2, message: expect.stringContaining('has no subject') },
      ]);
    },
  );

  it('is refused of a field', () => {
    const text =
      '/** A page of a list. */\nexport interface Page {\n  /** Of the list. */\n  name: string;\n}\n';
    expect(findDocstringFaults(text)).toEqual([
      { line: 4, message: '"Of the list." has no subject: say what it is, e.g. "The size of …".' },
    ]);
  });

  it('passes where it is another word', () => {
    expect(
      findDocstringFaults('/** Offers are taken in this order. */\nexport const OFFERS = [];\n'),
    ).toEqual([]);
  });
});

describe('a docstring that only repeats the name', () => {
  it.each([
    ['The size of the file.', 'export const fileSize = 3;'],
    ['Loads the picture.', 'export function loadsPicture(): void {}'],
    ['A file size', 'interface X {\n  fileSize: number;\n}'],
  ])('is refused: %s', (docstring, statement) => {
    const text = statement.startsWith('interface')
      ? `interface X {\n  /** ${docstring} */\n  fileSize: number;\n}\n`
      : `/** ${docstring} */\n${statement}\n`;
    expect(findDocstringFaults(text)).toMatchObject([{ message: expect.stringContaining('only repeats') }]);
  });

  it('passes with one word more', () => {
    expect(
      findDocstringFaults('/** The size of the file in bytes. */\nexport const fileSize = 3;\n'),
    ).toEqual([]);
  });
});

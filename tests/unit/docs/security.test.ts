// Every promise of SECURITY.md names a test that is there.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const ROW = /^\| (?<promise>[^|]+) \| `(?<file>[^`|]+\.ts)` \| (?<test>[^|]+) \|$/gm;

const text = readFileSync(path.join(ROOT, 'SECURITY.md'), 'utf8');
/** The lines of the table of promises, without its head. */
const lines = (text.match(/^\| promise .*\n(?:\|.*\n)+/m)?.[0] ?? '').trimEnd().split('\n').slice(2);
const rows = [...text.matchAll(ROW)].map(({ groups: { promise = '', file = '', test = '' } = {} }) => ({
  promise,
  file,
  test,
}));

/** Whether a file has a test, a group of tests or a guarantee of exactly this name, that is not skipped. */
function hasTest(file: string, name: string): boolean {
  const full = path.join(ROOT, 'tests', file);
  if (!existsSync(full)) return false;
  const found = readFileSync(full, 'utf8')
    .split('\n')
    .filter((line) => ["'", '"'].some((quote) => line.includes(quote + name + quote)));
  return found.some((line) => !/^\s*(?:\/\/|\*)|\.(?:skip|todo)\(/.test(line));
}

describe('the promises of SECURITY.md', () => {
  it('are in a table', () => {
    expect(rows.length).toBeGreaterThan(20);
    // A row that is written in another way would be held by nothing.
    expect(rows).toHaveLength(lines.length);
  });

  it.each(rows)('$promise', ({ file, test }) => {
    expect(hasTest(file, test)).toBe(true);
  });

  it('would not be held by a test that is not there', () => {
    expect(hasTest('unit/docs/security.test.ts', ['are in a', 'chair'].join(' '))).toBe(false);
    expect(hasTest('unit/docs/no-such.test.ts', 'are in a table')).toBe(false);
  });
});

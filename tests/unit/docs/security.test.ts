// Every promise of SECURITY.md names a test that is there.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const ROW = /^\| (?<promise>[^|]+) \| `(?<file>[^`|]+\.ts)` \| (?<test>[^|]+) \|$/gm;

const rows = [...readFileSync(path.join(ROOT, 'SECURITY.md'), 'utf8').matchAll(ROW)].map(
  ({ groups: { promise = '', file = '', test = '' } = {} }) => ({ promise, file, test }),
);

/** Whether a file has a test, a group of tests or a guarantee of exactly this name. */
function hasTest(file: string, name: string): boolean {
  const full = path.join(ROOT, 'tests', file);
  return (
    existsSync(full) && ["'", '"'].some((quote) => readFileSync(full, 'utf8').includes(quote + name + quote))
  );
}

describe('the promises of SECURITY.md', () => {
  it('are in a table', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows)('$promise', ({ file, test }) => {
    expect(hasTest(file, test)).toBe(true);
  });

  it('would not be held by a test that is not there', () => {
    expect(hasTest('unit/docs/security.test.ts', ['are in a', 'chair'].join(' '))).toBe(false);
    expect(hasTest('unit/docs/no-such.test.ts', 'are in a table')).toBe(false);
  });
});

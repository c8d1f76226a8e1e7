// How checks are shown to people: a line for each, and below it what mends it.

import type { Check } from '../../core/check.ts';
import { paint } from './paint.ts';

const MARKS = {
  ok: ['green', 'ok'],
  note: ['yellow', 'note'],
  unknown: ['yellow', 'unknown'],
  problem: ['red', 'problem'],
} as const;
const NAME_WIDTH = 9;
const MARK_WIDTH = 8;

/** The lines of checks. Further lines of what was found are indented as the first. */
export function describeChecks(checks: readonly Check[]): string {
  const nameWidth = Math.max(NAME_WIDTH, ...checks.map(({ name }) => name.length));
  const indent = ' '.repeat(MARK_WIDTH + nameWidth + 2);
  return checks
    .map(({ name, state, found, mend }) => {
      const [color, word] = MARKS[state];
      const text = found.split('\n').join(`\n${indent}`);
      const line = `${paint(color, word.padEnd(MARK_WIDTH))} ${name.padEnd(nameWidth)} ${text}`;
      return mend === null ? line : `${line}\n${indent}${mend}`;
    })
    .join('\n');
}

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { shownStart } from '../../../cli/terminal/shown-command.ts';
import { PACKAGE_ROOT, toUserPath } from '../../../cli/terminal/user-path.ts';
import { shownCommand } from '../../../core/shown-command.ts';

describe('shownStart', () => {
  it('repeats folders other than the default, quoted where a shell needs it', () => {
    expect(shownStart({ data: path.join(PACKAGE_ROOT, '.fovea') })).toBe('npx fovea start');
    expect(shownStart({ data: '/tmp/d1', weights: "/tmp/my w's" })).toBe(
      `npx fovea start --data /tmp/d1 --weights '/tmp/my w'\\''s'`,
    );
    expect(shownCommand('restore', 's3://b/p')).toBe('npx fovea restore s3://b/p');
  });
});

describe('toUserPath', () => {
  const bench = path.join(PACKAGE_ROOT, 'bench');
  it('knows the folder in which npm runs the command', () => {
    expect(PACKAGE_ROOT).toBe(path.resolve(import.meta.dirname, '../../..'));
  });

  it.each([
    ['../../x', bench, PACKAGE_ROOT, path.resolve(PACKAGE_ROOT, '../x')],
    ['/x', bench, PACKAGE_ROOT, '/x'],
    ['s3://bucket/x', bench, PACKAGE_ROOT, 's3://bucket/x'],
    ['x', PACKAGE_ROOT, PACKAGE_ROOT, 'x'],
    ['x', undefined, PACKAGE_ROOT, 'x'],
    ['x', PACKAGE_ROOT, bench, 'x'],
  ])('takes %s, asked for in %s, run in %s', (text, initCwd, cwd, expected) => {
    expect(toUserPath(text, initCwd ?? '', cwd)).toBe(expected);
  });
});

import { expect, it } from 'vitest';
import { exitCodeOf, UsageError } from '../../../cli/terminal/exit-codes.ts';
import { showsColors } from '../../../cli/terminal/paint.ts';
import { InterruptedError } from '../../../cli/terminal/until-interrupted.ts';
import { agoInWords, countOf, shortTime, sparkline, timeInWords } from '../../../cli/terminal/words.ts';
import { ApiError, ConnectionError } from '../../../client/api-error.ts';

it('says durations in words', () => {
  expect([0, 8.2, 89, 100, 3600, 7200, 86_400 * 3].map(timeInWords)).toEqual([
    '1 second',
    '9 seconds',
    '89 seconds',
    'about 2 minutes',
    'about 60 minutes',
    'about 2 hours',
    'about 3 days',
  ]);
  expect([0, 89, 100, 7200, 86_400 * 3].map(shortTime)).toEqual(['1 s', '89 s', '2 min', '2 h', '3 d']);
  expect([1000, 990, 820, 1010].map((when) => agoInWords(when, 1_000_000))).toEqual([
    '1 second ago',
    '10 seconds ago',
    '3 minutes ago',
    '1 second ago',
  ]);
  expect([countOf(1, 'class'), countOf(2, 'class'), countOf(1200, 'picture')]).toEqual([
    '1 class',
    '2 classes',
    '1,200 pictures',
  ]);
});

it('draws a curve in one line, of its last values', () => {
  expect(sparkline([3, 2, 1])).toBe('█▅▁');
  expect(sparkline([1, 1])).toBe('▁▁');
  expect(sparkline([Number.NaN, 1, 2], 2)).toBe('▁█');
  expect(sparkline([9, 1, 2], 2)).toBe('▁█');
});

it('shows colors at a terminal, unless NO_COLOR is set', () => {
  const terminal = { isTTY: true };
  expect(showsColors(terminal, {})).toBe(true);
  expect(showsColors(terminal, { NO_COLOR: '1' })).toBe(false);
  expect(showsColors(terminal, { NO_COLOR: '' })).toBe(true);
  expect(showsColors(terminal, { TERM: 'dumb' })).toBe(false);
  expect(showsColors({}, {})).toBe(false);
  expect(showsColors({}, { FORCE_COLOR: '1' })).toBe(true);
});

it('tells errors apart by exit codes', () => {
  const api = (status: number) => exitCodeOf(new ApiError(status, null, 'x'));
  expect([api(400), api(401), api(403), api(404), api(503)]).toEqual([1, 4, 4, 5, 1]);
  expect(exitCodeOf(new ConnectionError('http://x', new Error('y')))).toBe(3);
  expect(exitCodeOf(new UsageError('x'))).toBe(2);
  expect(exitCodeOf(new InterruptedError('SIGINT'))).toBe(130);
  expect(exitCodeOf(new Error('x'))).toBe(1);
});

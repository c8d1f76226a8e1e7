import { expect, it } from 'vitest';
import {
  afterCheckpoint,
  attemptsWithoutProgress,
  beforeAttempt,
  isFurther,
} from '../../../core/job/record/furthest.ts';

it.each([
  [[0, 1, 0], [0, 0, 9], true],
  [[0, 0, 9], [0, 1, 0], false],
  [[0, 1], [0, 1], false],
  [[1], undefined, true],
  [undefined, [1], false],
  [undefined, undefined, false],
])('of %j and %j says whether the first is further on', (position, than, expected) => {
  expect(isFurther(position, than)).toBe(expected);
});

it('counts attempts from the one that came furthest, also after one that did not count', () => {
  const furthest = afterCheckpoint({ furthest: null, attempts: 2 }, [3]);
  expect(attemptsWithoutProgress({ furthest, attempts: 4 })).toBe(2);
  expect(afterCheckpoint({ furthest, attempts: 4 }, [2])).toBe(furthest);
  // It came furthest and was told to go.
  const again = beforeAttempt({ furthest, attempts: 1 });
  expect(attemptsWithoutProgress({ furthest: again, attempts: 2 })).toBe(1);
  expect(attemptsWithoutProgress({ furthest: null, attempts: 2 })).toBe(2);
});

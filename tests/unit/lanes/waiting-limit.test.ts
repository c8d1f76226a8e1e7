import { describe, expect, it } from 'vitest';
import { createWaitingLimit } from '../../../core/lanes/waiting-limit.ts';

function makeLimit() {
  let nowMs = 5000;
  const limit = createWaitingLimit({ most: 64, least: 2, clock: () => nowMs });
  const count = (accepted: number, refused: number) => {
    for (let index = 0; index < accepted; index += 1) limit.count(false);
    for (let index = 0; index < refused; index += 1) limit.count(true);
  };
  return {
    limit,
    count,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('the number of requests that may wait', () => {
  it('is that of a burst while nobody is refused', () => {
    const { limit, count, pass } = makeLimit();
    count(1000, 0);
    pass(3000);
    expect(limit.current).toBe(64);
  });

  it('is small from the first refusal on, while many are refused', () => {
    const { limit, count, pass } = makeLimit();
    count(64, 1);
    expect(limit.current).toBe(2);
    for (let second = 0; second < 60; second += 1) {
      count(25, 75);
      pass(1000);
      expect(limit.current).toBe(2);
    }
  });

  it('is that of a burst again when few of a second were refused', () => {
    const { limit, count, pass } = makeLimit();
    count(0, 1);
    count(90, 30);
    pass(999);
    expect(limit.current).toBe(2);
    pass(1);
    expect(limit.current).toBe(64);
  });

  it('is that of a burst again after a time without requests', () => {
    const { limit, count, pass } = makeLimit();
    count(0, 100);
    pass(2000);
    expect(limit.current).toBe(64);
  });
});

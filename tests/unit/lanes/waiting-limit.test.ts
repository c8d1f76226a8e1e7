import { describe, expect, it } from 'vitest';
import { createWaitingLimit } from '../../../core/lanes/waiting-limit.ts';

function makeLimit() {
  let nowMs = 5000;
  const limit = createWaitingLimit({ most: 64, least: 2, clock: () => nowMs });
  return {
    limit,
    limitAfter(ms: number) {
      nowMs += ms;
      return limit.current;
    },
  };
}

describe('the number of requests that may wait', () => {
  it('is that of a burst until one is refused, and then small', () => {
    const { limit, limitAfter } = makeLimit();
    expect(limitAfter(60_000)).toBe(64);
    limit.refused();
    expect(limit.current).toBe(2);
    // Clients that ask again at once are refused again.
    limit.refused();
    expect(limitAfter(1999)).toBe(2);
  });

  it('is half of a burst to see whether the overload is over, and all of it when nobody was refused for a second', () => {
    const { limit, limitAfter } = makeLimit();
    limit.refused();
    expect(limitAfter(2000)).toBe(32);
    expect(limitAfter(999)).toBe(32);
    expect(limitAfter(1)).toBe(64);
  });

  it('is small again where somebody is refused meanwhile, each time for longer', () => {
    const { limit, limitAfter } = makeLimit();
    limit.refused();
    for (const restMs of [2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      expect(limitAfter(restMs - 1)).toBe(2);
      expect(limitAfter(1)).toBe(32);
      limit.refused();
    }
  });

  it('rests for longer where an overload follows another soon, and not where it comes much later', () => {
    const { limit, limitAfter } = makeLimit();
    limit.refused();
    expect(limitAfter(3000)).toBe(64);
    limit.refused();
    expect(limitAfter(3999)).toBe(2);
    expect(limitAfter(1)).toBe(32);
    expect(limitAfter(1000)).toBe(64);
    limitAfter(30_001);
    limit.refused();
    expect(limitAfter(2000)).toBe(32);
  });

  it('is looked at early where a quarter of the requests of a second finds a lane free', () => {
    const { limit, limitAfter } = makeLimit();
    const ask = (found: number, others: number) => {
      for (let index = 0; index < found + others; index += 1) limit.asked(index < found);
      limitAfter(1000);
      limit.asked(false);
      return limit.current;
    };
    limit.refused();
    limitAfter(2000);
    limit.refused();
    limitAfter(4000);
    limit.refused();
    expect(ask(24, 76)).toBe(2);
    expect(ask(26, 74)).toBe(32);
  });

  it('is never more than that of a burst', () => {
    const limit = createWaitingLimit({ most: 1, least: 2, clock: () => 0 });
    limit.refused();
    expect(limit.current).toBe(1);
  });
});

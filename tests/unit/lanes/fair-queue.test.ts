import { describe, expect, it } from 'vitest';
import { createFairQueue } from '../../../core/lanes/fair-queue.ts';

function takeAll(queue: { take(): string | undefined }): string[] {
  const taken: string[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
}

describe('a fair queue', () => {
  it('gives items of one path first in, first out', () => {
    const queue = createFairQueue<string>();
    for (const item of ['1', '2', '3']) queue.push(['a', 'm'], item);
    expect(takeAll(queue)).toEqual(['1', '2', '3']);
  });

  it('serves the first names in turn, and within one of them the second names', () => {
    const queue = createFairQueue<string>();
    for (const item of ['a1', 'a2', 'a3']) queue.push(['a', 'm'], item);
    for (const item of ['A1', 'A2']) queue.push(['a', 'n'], item);
    for (const item of ['b1', 'b2']) queue.push(['b', 'm'], item);
    expect(takeAll(queue)).toEqual(['a1', 'b1', 'A1', 'b2', 'a2', 'A2', 'a3']);
  });

  it('forgets who was served when nobody of the name waits', () => {
    const queue = createFairQueue<string>();
    queue.push(['a', 'm'], 'a1');
    expect(queue.take()).toBe('a1');
    queue.push(['b', 'm'], 'b1');
    queue.push(['a', 'm'], 'a2');
    expect(takeAll(queue)).toEqual(['b1', 'a2']);
  });

  it('removes an item that waits, once', () => {
    const queue = createFairQueue<string>();
    queue.push(['a', 'm'], 'a1');
    queue.push(['a', 'm'], 'a2');
    expect(queue.remove(['a', 'm'], 'a1')).toBe(true);
    expect(queue.remove(['a', 'm'], 'a1')).toBe(false);
    expect(queue.remove(['b', 'm'], 'a2')).toBe(false);
    expect(queue.size).toBe(1);
    expect(queue.remove(['a', 'm'], 'a2')).toBe(true);
    expect([queue.size, queue.take()]).toEqual([0, undefined]);
  });
});

import { describe, expect, test } from 'vitest';
import { unaligned } from '../../../batch-job/tensorflow/addon/unaligned.ts';

describe('data that TensorFlow has to copy', () => {
  test.each([0, 16, 32, 48])('lies off every multiple of 16 bytes, from %d', (offset) => {
    const data = new Float32Array(new ArrayBuffer(128), offset, 5).map((_, i) => i + 0.5);
    const view = new Float32Array(new ArrayBuffer(128), offset, 5);
    view.set(data);
    const copy = unaligned(view);
    expect(copy.byteOffset % 16).not.toBe(0);
    expect(copy).toEqual(data);
    expect(copy.buffer).not.toBe(view.buffer);
  });

  test('is not copied where it is unaligned already', () => {
    const data = new Int32Array(new ArrayBuffer(64), 4, 3);
    expect(unaligned(data)).toBe(data);
  });

  test('keeps its type and values when it is copied, also where it is large', () => {
    const data = Int32Array.from({ length: 9_000_000 }, (_, i) => i);
    const copy = unaligned(data);
    expect(copy).toBeInstanceOf(Int32Array);
    expect([copy.length, copy[0], copy[8_999_999]]).toEqual([9_000_000, 0, 8_999_999]);
    expect(unaligned(new Float32Array(0))).toHaveLength(0);
  });
});

import { describe, expect, it } from 'vitest';
import {
  type ExampleSource,
  inMemoryExamples,
  subsetOf,
} from '../../../batch-job/examples/example-source.ts';

const SHAPE = [1, 1, 1] as const;

describe('subsetOf', () => {
  it('has the examples that are named, in every epoch and as pixels', async () => {
    const at = (epoch: number): ExampleSource => ({
      ...inMemoryExamples(
        SHAPE,
        Float32Array.of(0, 1, 2, 3).map((i) => 10 * epoch + i),
        Int32Array.of(5, 6, 7, 8),
      ),
      pixels: {
        shape: SHAPE,
        fill: async (indices, pixels) => {
          pixels.set(Uint8Array.from(indices, (index) => 100 * epoch + index));
          return new Map();
        },
      },
    });
    const some = subsetOf({ ...at(0), atEpoch: at }, Int32Array.of(3, 1));
    expect(some.labels).toEqual(Int32Array.of(8, 6));
    for (const [epoch, source] of [some, some.atEpoch?.(1), some.atEpoch?.(2)].entries()) {
      const images = new Float32Array(2);
      await source?.fill(Int32Array.of(1, 0), images);
      expect(images).toEqual(Float32Array.of(10 * epoch + 1, 10 * epoch + 3));
      const pixels = new Uint8Array(2);
      await source?.pixels?.fill(Int32Array.of(1, 0), pixels);
      expect(pixels).toEqual(Uint8Array.of(100 * epoch + 1, 100 * epoch + 3));
    }
  });
});

import { describe, expect, it } from 'vitest';
import { sessionBytes } from '../../../core/predict/session-bytes.ts';

const MIB = 2 ** 20;
const square = (side: number) => ({ height: side, width: side, channels: 3 as const });

describe('the memory of a session', () => {
  // Measured with two sessions of each model, ONNX Runtime 1.30 on Linux, x64; see the docstring.
  it.each([
    ['ResNet50', 97.41, 224, 134.5],
    ['MobileNetV2', 13.32, 224, 34],
    ['EfficientNetB0', 20.13, 224, 37.8],
  ])('of %s is as measured, to a fifth', (_, fileMib, side, measuredMib) => {
    const counted = sessionBytes(fileMib * MIB, square(side)) / MIB;
    expect(counted / measuredMib).toBeGreaterThan(0.8);
    expect(counted / measuredMib).toBeLessThan(1.25);
  });

  it('of a tiny model is more than nothing, so that thousands of them stay bounded', () => {
    expect(sessionBytes(700, square(8))).toBeGreaterThan(0.12 * MIB);
  });
});

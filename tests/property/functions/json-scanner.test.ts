import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonScanner } from '../../../functions/http/json-scanner.ts';

const SEED = 20240601;

const json = fc.jsonValue({
  maxDepth: 5,
  stringUnit: fc.constantFrom('"', '\\', '[', '{', ',', ':', 'a', '\n', 'é'),
});

/** What the scanner counts: all that is in lists and objects, and these. */
function measure(value: unknown): { depth: number; values: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, values: 0 };
  const children = Object.values(value).map(measure);
  const separators = Math.max(0, children.length - 1);
  return {
    depth: 1 + Math.max(0, ...children.map(({ depth }) => depth)),
    values: 1 + separators + children.reduce((sum, { values }) => sum + values, 0),
  };
}

const passes = (text: string, cutAt: number, depth: number, values: number) => {
  const scan = createJsonScanner({ depth, values });
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length; at += cutAt) scan(bytes.subarray(at, at + cutAt));
    return true;
  } catch {
    return false;
  }
};

describe('createJsonScanner', () => {
  it('bounds depth and values of any JSON exactly, wherever it is cut', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: 1, max: 9 }), fc.boolean(), (value, cutAt, isSpaced) => {
        const { depth, values } = measure(value);
        const text = JSON.stringify(value, null, isSpaced ? 2 : 0);
        expect(passes(text, cutAt, depth, values)).toBe(true);
        if (depth > 0) expect(passes(text, cutAt, depth - 1, values)).toBe(false);
        if (values > 0) expect(passes(text, cutAt, depth, values - 1)).toBe(false);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIN_CLASS_PICTURES, splitClass, splitPosition } from '../../../core/dataset/split-by-hash.ts';
import type { Split } from '../../../core/dataset/split-folder.ts';

const SEED = 20240602;
const hashes = (count: number, name: number): string[] =>
  Array.from({ length: count }, (_, i) => createHash('sha256').update(`${name}/${i}`).digest('hex'));
const HELD_OUT: Readonly<Record<Split, number>> = { train: 0, validation: 1, test: 2 };

const fractions = fc
  .record({ validation: fc.integer({ min: 0, max: 40 }), test: fc.integer({ min: 0, max: 40 }) })
  .map(({ validation, test }) => ({
    train: (100 - validation - test) / 100,
    validation: validation / 100,
    test: test / 100,
  }));
const name = fc.nat(1e6);

describe('splitClass', () => {
  it('is the same in any order, and puts equal contents on one side', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 60 }), fractions, (n, count, split) => {
        const all = hashes(count, n);
        const forward = splitClass([...all, ...all], split);
        expect(forward.slice(count)).toEqual(forward.slice(0, count));
        expect(splitClass(all.toReversed(), split).toReversed()).toEqual(forward.slice(0, count));
      }),
      { seed: SEED },
    );
  });

  it('gives every split of a non-zero fraction a picture, and none to one of zero', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: MIN_CLASS_PICTURES, max: 40 }), fractions, (n, count, split) => {
        const dealt = splitClass(hashes(count, n), split);
        for (const part of ['train', 'validation', 'test'] as const)
          expect(dealt.includes(part)).toBe(split[part] > 0);
      }),
      { seed: SEED },
    );
  });

  it('never moves a picture out of training, or from validation to test, when pictures are added', () => {
    fc.assert(
      fc.property(
        name,
        fc.integer({ min: 3, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fractions,
        (n, count, added, split) => {
          const all = hashes(count + added, n);
          const training = all
            .slice(0, count)
            .filter((hash) => splitPosition(hash) >= split.test + split.validation);
          fc.pre(training.length >= 2);
          const [before, after] = [splitClass(all.slice(0, count), split), splitClass(all, split)];
          before.forEach((part, i) => {
            expect(HELD_OUT[after[i] as Split]).toBeLessThanOrEqual(HELD_OUT[part]);
          });
        },
      ),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('stays near the fractions', () => {
    fc.assert(
      fc.property(name, fc.constantFrom(200, 1000), fractions, (n, count, split) => {
        const dealt = splitClass(hashes(count, n), split);
        for (const part of ['train', 'validation', 'test'] as const) {
          const share = dealt.filter((other) => other === part).length;
          const sigma = Math.sqrt(count * split[part] * (1 - split[part]));
          expect(Math.abs(share - count * split[part])).toBeLessThanOrEqual(5 * sigma + 1);
        }
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  it('keeps all but the moved-up pictures in place when pictures are added to a class of usual size', () => {
    const all = hashes(400, 1);
    const split = { train: 0.75, validation: 0.15, test: 0.1 };
    expect(splitClass(all, split).slice(0, 100)).toEqual(splitClass(all.slice(0, 100), split));
  });

  it('deals anew for another seed, and has dealt this way since the first version', () => {
    const all = hashes(100, 2);
    const split = { train: 0.5, validation: 0.25, test: 0.25 };
    expect(splitClass(all, split, 1)).not.toEqual(splitClass(all, split, 2));
    expect(splitPosition('00'.repeat(32))).toBeCloseTo(FIRST_VERSION_POSITION, 12);
  });
});

/** A change of this number deals every dataset anew: old models would be tested on what they trained on. */
const FIRST_VERSION_POSITION = 0.46717556402953875;

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentHashOf } from '../../../core/content-hash.ts';
import { assignGroups, quotasOf } from '../../../core/dataset/assign-groups.ts';
import { assignSplits, countSplits } from '../../../core/dataset/assign-splits.ts';
import type { Picture } from '../../../core/dataset/drop-duplicates.ts';
import { SPLITS, type Split } from '../../../core/dataset/split-folder.ts';
import { pictureId } from '../../../core/dataset/split-snapshots.ts';

const SEED = 20261126;
const NONE = { train: 0, validation: 0, test: 0 };
const DEFAULT = { train: 0.75, validation: 0.15, test: 0.1 };

const fractions = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(10), fc.nat(10))
  .map(([train, validation, test]) => {
    const total = train + validation + test;
    return { train: train / total, validation: validation / total, test: test / total };
  });
const group = fc.record({
  position: fc.double({ min: 0, max: 1, noNaN: true }),
  size: fc.integer({ min: 1, max: 12 }),
});
const groups = fc.uniqueArray(group, { maxLength: 60, selector: ({ position }) => position });

describe('quotasOf', () => {
  it('gives each split its share to the nearest picture, at least one where asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 500 }), fractions, (count, share) => {
        const quotas = quotasOf(count, share, false);
        expect(SPLITS.reduce((sum, split) => sum + quotas[split], 0)).toBe(count);
        for (const split of SPLITS) expect(Math.abs(quotas[split] - count * share[split])).toBeLessThan(1);
        const served = quotasOf(count, share, true);
        expect(SPLITS.reduce((sum, split) => sum + served[split], 0)).toBe(count);
        for (const split of SPLITS) expect(served[split] > 0).toBe(share[split] > 0);
      }),
      { seed: SEED },
    );
  });

  it('gives 45 pictures 34, 7 and 4', () => {
    expect(quotasOf(45, DEFAULT, true)).toEqual({ train: 34, validation: 7, test: 4 });
  });
});

describe('assignGroups', () => {
  const sizeIn = (of: readonly { readonly size: number }[], splits: readonly Split[], split: Split) =>
    of.reduce((sum, { size }, index) => sum + (splits[index] === split ? size : 0), 0);

  it('keeps to the quotas within one group, with something in every split of three', () => {
    fc.assert(
      fc.property(groups, fractions, (dealt, share) => {
        const splits = assignGroups(dealt, share, NONE);
        const count = dealt.reduce((sum, { size }) => sum + size, 0);
        const largest = Math.max(0, ...dealt.map(({ size }) => size));
        const quotas = quotasOf(count, share, dealt.length >= 3);
        for (const split of SPLITS) {
          const size = sizeIn(dealt, splits, split);
          expect(size).toBeLessThanOrEqual(quotas[split] + Math.max(largest - 1, 0));
          if (share[split] === 0) expect(size).toBe(0);
          else if (dealt.length >= 3) expect(size).toBeGreaterThan(0);
        }
      }),
      { seed: SEED },
    );
  });

  it('gives single pictures their quotas exactly, in whatever order they come', () => {
    fc.assert(
      fc.property(groups, fractions, (dealt, share) => {
        const single = dealt.map(({ position }) => ({ position, size: 1 }));
        const splits = assignGroups(single, share, NONE);
        expect(countSplits(splits)).toEqual(quotasOf(single.length, share, single.length >= 3));
        expect(assignGroups(single.toReversed(), share, NONE).toReversed()).toEqual(splits);
      }),
      { seed: SEED },
    );
  });

  it('lets one burst of 40 train, and shares the others out', () => {
    const burst = { position: 0, size: 40 };
    const others = Array.from({ length: 5 }, (_, index) => ({ position: (index + 1) / 10, size: 1 }));
    const splits = assignGroups([burst, ...others], DEFAULT, NONE);
    expect(splits[0]).toBe('train');
    expect(countSplits(splits.slice(1))).toEqual({ train: 0, validation: 3, test: 2 });
  });
});

describe('assignSplits', () => {
  const hashOf = (index: number) => contentHashOf(Buffer.from(String(index)));
  /** Pictures by number, of which every `burst` look alike. */
  const classOf = (numbers: readonly number[], burst: number) => {
    const pictures = numbers.map(
      (number) => ({ label: 'cat', split: null, contentHash: hashOf(number) }) as Picture,
    );
    const first = new Map<number, number>();
    const leaders = Int32Array.from(numbers, (number, index) => {
      const leader = Math.floor(number / burst);
      if (!first.has(leader)) first.set(leader, index);
      return first.get(leader) as number;
    });
    return { pictures, leaders };
  };
  const assign = (numbers: readonly number[], burst: number, fixed: ReadonlyMap<string, Split>) => {
    const { pictures, leaders } = classOf(numbers, burst);
    const splits = assignSplits(pictures, { leaders, fractions: DEFAULT, fixed, method: 'quota' });
    return new Map(
      pictures.map(({ contentHash }, index) => [pictureId(contentHash), splits[index] as Split]),
    );
  };
  const numbers = fc.uniqueArray(fc.nat(400), { minLength: 1, maxLength: 80 });

  it('never moves a picture that was dealt, and fills the quotas with those that are added and taken away', () => {
    fc.assert(
      fc.property(
        fc.array(numbers, { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1, max: 4 }),
        (rounds, burst) => {
          const fixed = new Map<string, Split>();
          for (const round of rounds) {
            const before = new Map(fixed);
            for (const [id, split] of assign(round, burst, fixed)) {
              expect(before.get(id) ?? split).toBe(split);
              fixed.set(id, split);
            }
          }
        },
      ),
      { seed: SEED },
    );
  });

  it('comes back to the quotas where enough is added', () => {
    fc.assert(
      fc.property(numbers, (first) => {
        const fixed = new Map(first.map((number) => [pictureId(hashOf(number)), 'train'] as const));
        const more = [...first, ...Array.from({ length: 300 }, (_, index) => 1000 + index)];
        const counts = countSplits(assign(more, 1, fixed).values());
        expect(counts).toEqual(quotasOf(more.length, DEFAULT, true));
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  it('keeps look-alikes on one side, new ones with those that trained', () => {
    fc.assert(
      fc.property(numbers, numbers, (first, second) => {
        const burst = 4;
        const fixed = assign([...first], burst, new Map());
        const all = [...new Set([...first, ...second])];
        const splits = assign(all, burst, fixed);
        if (new Set(first.map((number) => Math.floor(number / burst))).size < 3) return;
        for (const number of all) {
          const leader = Math.floor(number / burst);
          const side = new Set(
            all
              .filter((other) => Math.floor(other / burst) === leader)
              .map((other) => splits.get(pictureId(hashOf(other)))),
          );
          expect(side.size).toBe(1);
        }
      }),
      { seed: SEED, numRuns: 50 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { describeStronger, pickBase } from '../../../batch-job/choose/pick-base.ts';
import { ARCHITECTURES } from '../../../core/network/architectures/architectures.ts';
import { PUBLISHED_ACCURACY } from '../../../core/network/architectures/published-accuracy.ts';

const COUNT = 100;
const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 2);
const groups = Int32Array.from({ length: COUNT }, (_, i) => i);
const pictures = { labels, classes: 2, groups };
/** A base that is wrong on the pictures from `from` to `to`. */
const base = (architecture: string, milliseconds: number, from: number, to: number) => ({
  architecture,
  milliseconds,
  hits: Uint8Array.from({ length: COUNT }, (_, i) => (i >= from && i < to ? 0 : 1)),
});

describe('pickBase', () => {
  it('takes the best base where it is better than chance explains', () => {
    const picked = pickBase([base('small', 5, 0, 20), base('large', 50, 0, 5)], pictures);
    expect(picked.architecture).toBe('large');
    expect(picked.reasons.join(' ')).toContain(
      'large is the best, and no faster one is within one standard error',
    );
    expect(picked.candidates.map(({ accuracy }) => accuracy)).toEqual([0.8, 0.95]);
  });

  it('takes the fastest base within one standard error of the best', () => {
    // Wrong on 10 and on 9 others: the paired difference is 1 ± 4.4 pictures.
    const picked = pickBase([base('large', 50, 0, 9), base('small', 5, 20, 30)], pictures);
    expect(picked.architecture).toBe('small');
    expect(picked.reasons.join(' ')).toContain(
      'small is the fastest within one standard error of the best, large',
    );
  });

  it('counts look-alikes as one picture', () => {
    const series = { ...pictures, groups: groups.map((group) => Math.floor(group / 20)) };
    const bases = [base('small', 5, 0, 20), base('large', 50, 40, 45)];
    expect(pickBase(bases, pictures).architecture).toBe('large');
    // All that the small one does not know is one object, and of another one the large one does not know a quarter.
    expect(pickBase(bases, series).architecture).toBe('small');
    const [alone, alike] = [pictures, series].map((held) => pickBase(bases, held).candidates[0]);
    expect((alike?.high ?? 0) - (alike?.low ?? 0)).toBeGreaterThan((alone?.high ?? 1) - (alone?.low ?? 0));
  });

  it('counts each class alike', () => {
    const unequal = { ...pictures, labels: labels.map((_, i) => (i < 10 ? 1 : 0)) };
    const [candidate] = pickBase([base('small', 5, 0, 10)], unequal).candidates;
    expect(candidate?.accuracy).toBeCloseTo(0.5, 12);
  });

  it('says accuracy, interval and time of each', () => {
    const { reasons } = pickBase([base('small', 5.25, 0, 20), base('large', 50, 0, 5)], pictures);
    expect(reasons[0]).toMatch(
      /100 pictures in 100 groups.*small 80\.0 % \(95 %: 71\.1–86\.7\), 5\.3 ms a picture; large 95\.0 %/,
    );
  });
});

describe('describeStronger', () => {
  it('names what is published as stronger, that it is not measured, the license and the command', () => {
    const text = describeStronger(['mobilenet_v2_0.35', 'mobilenet_v2_1.0']);
    expect(text).toMatch(
      /not measured on this dataset.*efficientnet_v2_b0 \(78\.7 %, license Apache-2\.0\).*convnext_tiny \(81\.3 %, license MIT\)/,
    );
    expect(text).toContain('mobilenet_v2_1.0 has 71.3 %');
    expect(text).toContain('fovea weights pull');
    expect(text).not.toContain('vgg16');
    expect(describeStronger(['convnext_tiny'])).toBeUndefined();
  });

  it('has a figure for every pretrained architecture, and for no other', () => {
    const pretrained = ARCHITECTURES.filter(({ weightSources }) => weightSources.length > 0);
    expect(Object.keys(PUBLISHED_ACCURACY).toSorted()).toEqual(pretrained.map(({ name }) => name).toSorted());
  });
});

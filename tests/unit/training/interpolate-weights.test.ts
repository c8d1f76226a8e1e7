import { describe, expect, it } from 'vitest';
import { interpolateWeights } from '../../../batch-job/training/interpolate-weights.ts';
import { surestGain } from '../../../batch-job/training/surest-gain.ts';
import type { Predictions } from '../../../core/evaluation/predictions.ts';
import type { NetworkWeights } from '../../../core/network/description/network.ts';

/** Examples of class 0 of two classes with these probabilities. */
const saying = (own: readonly number[]): Predictions => ({
  probabilities: Float32Array.from(own.flatMap((p) => [p, 1 - p])),
  labels: new Int32Array(own.length),
  classes: 2,
});

const epochOf = (epoch: number) => ({
  epoch,
  validationLoss: 1,
  weights: new Map([['w', Float32Array.of(epoch)]]),
});

/** Examples of class 0. With the weight w, each has the probability `0.45 + w · change`. */
function interpolated(
  changes: readonly number[],
  settle?: (weights: NetworkWeights) => Promise<NetworkWeights>,
  epochs = [1],
) {
  let w = 0;
  const trainer = {
    setWeights: async (weights: NetworkWeights) => {
      w = weights.get('w')?.[0] as number;
    },
  };
  return interpolateWeights(
    trainer,
    { first: epochOf(0), trained: epochs.map(epochOf) },
    async () => saying(changes.map((change) => 0.45 + w * change)),
    { settle },
  );
}

describe('interpolateWeights', () => {
  it('keeps trained weights that gain on every example, and has what they say', async () => {
    const { interpolation, gain, predictions } = await interpolated([0.1, 0.2, 0.1, 0.2]);
    expect(interpolation).toEqual({ epoch: 1, share: 1, weights: epochOf(1).weights });
    expect(gain.isKept).toBe(true);
    expect(predictions.probabilities[0]).toBeCloseTo(0.55, 6);
  });

  it('keeps the first weights where the loss rises', async () => {
    const { interpolation, gain, predictions } = await interpolated([0.1, -0.2, -0.2, 0.1]);
    expect(interpolation).toEqual({ epoch: 0, share: 0, weights: epochOf(0).weights });
    expect(gain.isKept).toBe(false);
    expect(predictions.probabilities[0]).toBeCloseTo(0.45, 6);
  });

  it('settles trained weights before they are scored, and leaves the first ones as they are', async () => {
    const settled: number[] = [];
    const { interpolation } = await interpolated([0.1, 0.2], async (weights) => {
      const share = weights.get('w')?.[0] as number;
      settled.push(share);
      return new Map([['w', Float32Array.of(1.5 * share)]]);
    });
    expect(settled).toEqual([0.5, 1]);
    expect(interpolation.weights.get('w')).toEqual(Float32Array.of(1.5));
  });

  it('compares the weights of several epochs', async () => {
    const { interpolation, tried } = await interpolated([0.1, 0.2, 0.15], undefined, [2, 1]);
    expect(interpolation).toMatchObject({ epoch: 2, share: 1 });
    expect(tried.map(({ epoch, share }) => [epoch, share])).toEqual([
      [0, 0],
      ...[0.25, 0.5, 0.75, 1].map((share) => [2, share]),
      ...[0.25, 0.5, 0.75, 1].map((share) => [1, share]),
    ]);
    expect(tried[0]?.probabilities[0]).toBeCloseTo(0.45, 6);
  });
});

describe('surestGain', () => {
  it('says by how much the loss falls, and how many are right', () => {
    const { best, gain } = surestGain(saying([0.5, 0.4]), [saying([0.4, 0.4]), saying([0.6, 0.6])]);
    expect(best).toBe(1);
    expect(gain.loss.mean).toBeCloseTo((Math.log(0.6 / 0.5) + Math.log(0.6 / 0.4)) / 2, 6);
    expect(gain.accuracy).toEqual({ first: 0.5, best: 1 });
    expect(gain).toMatchObject({ isKept: true, isBalanced: false });
  });

  it('says what the surest come to where none gains', () => {
    const { best, gain } = surestGain(saying([0.6, 0.6]), [saying([0.3, 0.7]), saying([0.55, 0.6])]);
    expect(best).toBe(1);
    expect(gain.isKept).toBe(false);
    expect(gain.loss.mean).toBeLessThan(0);
  });

  it('takes no lower loss for fewer right answers', () => {
    const { gain } = surestGain(saying([0.51, 0.51, 0.51]), [saying([0.9, 0.9, 0.49])]);
    expect(gain.loss.mean).toBeGreaterThan(gain.loss.error);
    expect(gain.isKept).toBe(false);
  });

  it('counts look-alikes as one: a gain on many pictures of one object is not sure', () => {
    const [before, after] = [saying([0.4, 0.4, 0.4, 0.4, 0.4, 0.4]), saying([0.7, 0.7, 0.7, 0.7, 0.7, 0.15])];
    expect(surestGain(before, [after]).gain.isKept).toBe(true);
    const groups = Int32Array.of(0, 0, 0, 0, 0, 1);
    expect(surestGain(before, [after], { groups }).gain.isKept).toBe(false);
  });

  it('counts every class alike where the examples are weighted so', () => {
    const labels = Int32Array.from({ length: 16 }, (_, i) => (i < 12 ? 0 : 1));
    const of = (large: number, small: number): Predictions => ({
      probabilities: Float32Array.from(
        [...labels].flatMap((l) => (l === 0 ? [large, 1 - large] : [1 - small, small])),
      ),
      labels,
      classes: 2,
    });
    // The large class loses little, the small one is found.
    const [before, after] = [of(0.9, 0.2), of(0.6, 0.55)];
    expect(surestGain(before, [after]).gain.loss.mean).toBeLessThan(0);
    const weights = Float64Array.from(labels, (label) => (label === 0 ? 8 / 12 : 8 / 4));
    const { gain } = surestGain(before, [after], { weights });
    expect(gain).toMatchObject({ isKept: true, isBalanced: true });
    expect(gain.accuracy.first).toBeCloseTo(0.5, 9);
    expect(gain.loss.mean).toBeCloseTo((Math.log(0.6 / 0.9) + Math.log(0.55 / 0.2)) / 2, 5);
  });
});

import { describe, expect, it } from 'vitest';
import { type EachScored, interpolateWeights } from '../../../batch-job/training/interpolate-weights.ts';
import type { NetworkWeights } from '../../../core/network/description/network.ts';

/** Examples of class 0. With a share w of the trained weights, each has the probability `start + w · change`. */
function interpolated(
  changes: readonly number[],
  groups?: Int32Array,
  start = 0.5,
  settle?: (weights: NetworkWeights) => Promise<NetworkWeights>,
) {
  let share = 0;
  const trainer = {
    setWeights: async (weights: NetworkWeights) => {
      share = weights.get('w')?.[0] as number;
    },
  };
  const scored = async (): Promise<EachScored> => {
    const own = changes.map((change) => start + share * change);
    return {
      loss: own.reduce((sum, p) => sum - Math.log(p), 0) / own.length,
      losses: Float64Array.from(own, (p) => -Math.log(p)),
      accuracy: own.filter((p) => p > 0.5).length / own.length,
    };
  };
  const epochOf = (epoch: number) => ({
    epoch,
    validationLoss: 1,
    weights: new Map([['w', Float32Array.of(epoch)]]),
  });
  return interpolateWeights(trainer, [epochOf(0), epochOf(1)], scored, { groups, settle });
}

describe('interpolateWeights', () => {
  it('keeps trained weights that gain on every example, and says how much', async () => {
    const { interpolation, gain, scores } = await interpolated([0.1, 0.2, 0.1, 0.2]);
    expect(interpolation.share).toBe(1);
    expect(gain.isKept).toBe(true);
    expect(gain.loss.mean).toBeCloseTo((Math.log(1.2) + Math.log(1.4)) / 2, 5);
    expect(gain.accuracy).toEqual({ first: 0, best: 1 });
    expect(scores.accuracy).toBe(1);
  });

  it('keeps the first weights where the loss rises, and says what the best of the others come to', async () => {
    const { interpolation, gain, scores } = await interpolated([0.1, -0.2, -0.2, 0.1]);
    expect(interpolation.share).toBe(0);
    expect(gain.isKept).toBe(false);
    expect(gain.loss.mean).toBeLessThan(0);
    expect(scores.loss).toBeCloseTo(Math.log(2), 6);
  });

  it('takes no lower loss for fewer right answers', async () => {
    const changes = [0.3, 0.3, 0.3, 0.3, -0.05];
    const { interpolation, gain } = await interpolated(changes, undefined, 0.51);
    expect(gain.loss.mean).toBeGreaterThan(0);
    expect(gain.accuracy.best).toBeLessThan(gain.accuracy.first);
    expect(interpolation.share).toBe(0);
  });

  it('settles trained weights before they are scored, and leaves the first ones as they are', async () => {
    const settled: number[] = [];
    const { interpolation } = await interpolated([0.1, 0.2], undefined, 0.5, async (weights) => {
      const share = weights.get('w')?.[0] as number;
      settled.push(share);
      return new Map([['w', Float32Array.of(2 * share)]]);
    });
    expect(settled).toEqual([0.5, 1]);
    expect(interpolation.share).toBe(1);
    expect(interpolation.weights.get('w')).toEqual(Float32Array.of(2));
  });

  it('counts look-alikes as one: a gain on many pictures of one object is not sure', async () => {
    const changes = [0.3, 0.3, 0.3, 0.3, 0.3, -0.35];
    expect((await interpolated(changes, undefined, 0.4)).gain.isKept).toBe(true);
    const groups = Int32Array.of(0, 0, 0, 0, 0, 1);
    expect((await interpolated(changes, groups, 0.4)).gain.isKept).toBe(false);
  });
});

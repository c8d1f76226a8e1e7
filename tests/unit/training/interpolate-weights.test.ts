import { describe, expect, it } from 'vitest';
import { type EachScored, interpolateWeights } from '../../../batch-job/training/interpolate-weights.ts';
import type { NetworkWeights } from '../../../core/network/description/network.ts';

/** Examples of class 0. With a share w of the trained weights, each has the probability `0.5 + w · change`. */
function interpolated(changes: readonly number[], groups?: Int32Array) {
  let share = 0;
  const trainer = {
    setWeights: async (weights: NetworkWeights) => {
      share = weights.get('w')?.[0] as number;
    },
  };
  const scored = async (): Promise<EachScored> => {
    const own = changes.map((change) => 0.5 + share * change);
    return {
      loss: own.reduce((sum, p) => sum - Math.log(p), 0) / own.length,
      accuracy: own.filter((p) => p > 0.5).length / own.length,
      probabilities: Float32Array.from(own.flatMap((p) => [p, 1 - p])),
    };
  };
  const epochOf = (epoch: number) => ({
    epoch,
    validationLoss: 1,
    weights: new Map([['w', Float32Array.of(epoch)]]),
  });
  const labels = new Int32Array(changes.length);
  return interpolateWeights(trainer, [epochOf(0), epochOf(1)], scored, { labels, groups });
}

describe('interpolateWeights', () => {
  it('keeps trained weights that gain on every example, and says how much', async () => {
    const { interpolation, gain, scores } = await interpolated([0.1, 0.2, 0.1, 0.2]);
    expect(interpolation.share).toBe(1);
    expect(gain.isKept).toBe(true);
    expect(gain.loss.mean).toBeCloseTo((Math.log(1.2) + Math.log(1.4)) / 2, 5);
    expect(gain.accuracy).toEqual({ first: 0, best: 1 });
    expect(scores.probabilities[0]).toBeCloseTo(0.6, 6);
  });

  it('keeps the first weights where the gain is within its error, and says what it would have been', async () => {
    const { interpolation, gain, scores } = await interpolated([0.45, -0.2, -0.2, 0.1]);
    expect(interpolation.share).toBe(0);
    expect(gain.isKept).toBe(false);
    expect(gain.loss.mean).toBeGreaterThan(0);
    expect(gain.loss.mean).toBeLessThan(gain.loss.error);
    expect(scores.loss).toBeCloseTo(Math.log(2), 6);
  });

  it('counts look-alikes as one: a gain on many pictures of one object is not sure', async () => {
    const changes = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, -0.2, -0.2];
    expect((await interpolated(changes)).gain.isKept).toBe(true);
    const groups = Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1);
    expect((await interpolated(changes, groups)).gain.isKept).toBe(false);
  });
});

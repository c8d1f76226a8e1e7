import { describe, expect, it } from 'vitest';
import { scoreDrift } from '../../../core/evaluation/score-drift.ts';

describe('scoreDrift', () => {
  it('is the population stability index', () => {
    // Σ (q − p) ln(q / p) of halves that became a quarter and three quarters.
    const drift = scoreDrift([50_000_000, 50_000_000], [25_000_000, 75_000_000]);
    expect(drift?.index).toBeCloseTo(-0.25 * Math.log(0.5) + 0.25 * Math.log(1.5), 5);
  });

  it('says what chance alone would show: the quantile of χ² with one degree of freedom', () => {
    // scipy.stats.chi2.ppf(0.95, 1) = 3.841; the approximation gives it to three percent.
    expect((scoreDrift([500, 500], [500, 500])?.byChance ?? 0) * 500).toBeCloseTo(3.84, 0);
    expect(scoreDrift([500, 500], [500, 500])?.index).toBe(0);
  });

  it('takes nearly empty bins together, so that a few scores there are no alarm', () => {
    const judged = [0, 0, 0, 1, 1, 2, 40, 56];
    const served = [1, 1, 2, 0, 3, 4, 400, 560];
    const drift = scoreDrift(judged, served);
    expect(drift?.index).toBeLessThan(drift?.byChance ?? 0);
  });

  it('sees lower scores where the judged ones were all high', () => {
    const judged = [0, 0, 0, 0, 100];
    expect(scoreDrift(judged, [0, 0, 100, 200, 700])?.index).toBeGreaterThan(0.25);
    expect(scoreDrift(judged, [0, 0, 0, 5, 995])?.index).toBeLessThan(0.05);
  });

  it('is unknown without scores', () => {
    expect(scoreDrift([0, 0], [1, 2])).toBeUndefined();
    expect(scoreDrift([1, 2], [0, 0])).toBeUndefined();
  });
});

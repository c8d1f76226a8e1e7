import { describe, expect, it } from 'vitest';
import { minimize } from '../../../batch-job/logistic/lbfgs.ts';

const options = { tolerance: 1e-8, leastDecrease: 0, maxEvaluations: 500 };

describe('minimize', () => {
  it('finds the minimum of a narrow bowl', async () => {
    const curvatures = [1, 100, 10_000];
    const { point, hasConverged } = await minimize(
      async (x) => ({
        value: curvatures.reduce((sum, a, i) => sum + 0.5 * a * ((x[i] as number) - i) ** 2, 0),
        gradient: Float64Array.from(curvatures, (a, i) => a * ((x[i] as number) - i)),
      }),
      new Float64Array(3),
      options,
    );
    expect(hasConverged).toBe(true);
    expect([...point].map((value) => Number(value.toFixed(6)))).toEqual([0, 1, 2]);
  });

  it("finds the end of Rosenbrock's valley, which is curved", async () => {
    const { point } = await minimize(
      async ([x = 0, y = 0]) => ({
        value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
        gradient: Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
      }),
      Float64Array.of(-1.2, 1),
      options,
    );
    expect(point[0]).toBeCloseTo(1, 6);
    expect(point[1]).toBeCloseTo(1, 6);
  });

  it('says where the evaluations did not suffice', async () => {
    const { hasConverged, evaluations } = await minimize(
      async ([x = 0]) => ({ value: Math.cosh(x - 50), gradient: Float64Array.of(Math.sinh(x - 50)) }),
      new Float64Array(1),
      { ...options, maxEvaluations: 3 },
    );
    expect(hasConverged).toBe(false);
    // The line search of the last step may end after them.
    expect(evaluations).toBeGreaterThanOrEqual(3);
  });
});

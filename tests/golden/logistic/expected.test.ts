// Logistic regression against scikit-learn: version, seed and tolerance are in expected.json, which make-golden.py writes.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openFeatureProducts } from '../../../batch-job/logistic/feature-products.ts';
import { measureScale } from '../../../batch-job/logistic/feature-scale.ts';
import { fitLogisticRegression, toRawKernel } from '../../../batch-job/logistic/logistic-regression.ts';
import { softmaxInPlace } from '../../../batch-job/logistic/softmax.ts';
import { featureRows } from '../../support/feature-rows.ts';

const golden = JSON.parse(readFileSync(new URL('expected.json', import.meta.url), 'utf8'));
const { width, classes } = golden;
const table = featureRows(Float32Array.from(golden.features), width);
const labels = Int32Array.from(golden.labels);

/** The largest difference from scikit-learn's probabilities. */
async function differenceOf(
  expected: readonly number[],
  l2: number,
  rowWeights: Float32Array,
): Promise<number> {
  const products = await openFeatureProducts(table);
  try {
    const problem = { products, labels, classes, rowWeights, l2, ...(await measureScale(table)) };
    const { parameters, hasConverged } = await fitLogisticRegression(problem);
    expect(hasConverged).toBe(true);
    const { kernel, bias } = toRawKernel(parameters, problem);
    let largest = 0;
    await products.eachScores(kernel, classes, table.rows, (scores, start) => {
      for (let at = 0; at < scores.length; at += classes) softmaxInPlace(scores, at, bias);
      scores.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value - (expected[start * classes + i] as number)));
      });
    });
    return largest;
  } finally {
    await products.release();
  }
}

describe('logistic regression on seeded features', () => {
  const alike = new Float32Array(labels.length).fill(1);
  it.each([
    ['a strong penalty', '1', 1, alike],
    ['a weak penalty', '0.1', 0.1, alike],
    ['weights of the rows', '0.3 weighted', 0.3, Float32Array.from(golden.weights)],
  ] as const)("has scikit-learn's probabilities with %s", async (_, name, l2, rowWeights) => {
    expect(await differenceOf(golden.probabilities[name], l2, rowWeights)).toBeLessThan(
      golden.source.tolerance,
    );
  });
});

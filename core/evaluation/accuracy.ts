// How often the likeliest class is right, or one of the k likeliest.

import { hits, type Predictions, rowOf } from './predictions.ts';
import { type Proportion, toProportion } from './proportion.ts';

const sum = (values: Uint8Array) => values.reduce((total, value) => total + value, 0);

/** Share of examples whose likeliest class is the true one; `undefined` without examples. */
export const accuracyOf = (predictions: Predictions): Proportion | undefined =>
  toProportion(sum(hits(predictions)), predictions.labels.length);

/**
 * Share of examples whose true class is among the `k` likeliest. Of equal probabilities the lower class index comes
 * first, as in the order in which predictions are served.
 */
export function topKAccuracy(predictions: Predictions, k: number): Proportion | undefined {
  let found = 0;
  predictions.labels.forEach((label, example) => {
    const row = rowOf(predictions, example);
    const own = row[label] as number;
    let ahead = 0;
    row.forEach((value, index) => {
      if (value > own || (value === own && index < label)) ahead += 1;
    });
    if (ahead < k) found += 1;
  });
  return toProportion(found, predictions.labels.length);
}

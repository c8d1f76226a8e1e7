// The mistakes of which a model was most confident.

import { type Predictions, predictedClass, rowOf } from './predictions.ts';

/** An example whose likeliest class is not the true one. Classes are indices. */
export interface Mistake {
  readonly example: number;
  readonly label: number;
  readonly predicted: number;
  /** Probability of the wrong answer. */
  readonly score: number;
  /** Probability of the right one. */
  readonly labelScore: number;
}

/** The mistakes with the highest scores, highest first; equal scores in the order of the examples. */
export function worstMistakes(predictions: Predictions, limit: number): Mistake[] {
  return Array.from(predictions.labels, (label, example) => {
    const row = rowOf(predictions, example);
    const predicted = predictedClass(predictions, example);
    return { example, label, predicted, score: row[predicted] as number, labelScore: row[label] as number };
  })
    .filter(({ label, predicted }) => label !== predicted)
    .sort((a, b) => b.score - a.score || a.example - b.example)
    .slice(0, limit);
}

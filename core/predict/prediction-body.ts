// The answer for one picture, with the names that it has on the wire: what a request and a batch prediction say alike.

import { FoveaError } from '../errors/errors.ts';
import type { ImageOutcome, PredictResult } from './predictor.ts';

/** What all pictures of one model version have in common. */
export type PredictionFacts = Pick<PredictResult, 'model' | 'modelVersion' | 'rejectionThreshold'>;

/**
 * The answer for a picture.
 * @param hidesRejected whether the label of a rejected answer is null.
 * @throws {FoveaError} `model-corrupt` where the model has no labels.
 */
export function toPredictionBody(
  id: string,
  { model, modelVersion, rejectionThreshold }: PredictionFacts,
  { predictions, isRejected }: Extract<ImageOutcome, { ok: true }>,
  hidesRejected = false,
) {
  const [best] = predictions;
  if (best === undefined) throw new FoveaError('model-corrupt', `Model "${model}" has no labels.`);
  return {
    object: 'prediction' as const,
    id,
    model,
    model_version: modelVersion,
    label: isRejected && hidesRejected ? null : best.label,
    score: best.score,
    rejected: isRejected,
    threshold: rejectionThreshold,
    predictions: [...predictions],
  };
}

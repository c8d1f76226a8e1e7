// The lines of a batch prediction's results, one for each picture: Fovea's own form, or that of OpenAI's batches. Field names are those
// of predictions on the wire.

import type { FoveaError } from '../errors/errors.ts';
import type { BatchPrediction } from '../job/record/batch-prediction.ts';
import { type PredictionFacts, toPredictionBody } from '../predict/prediction-body.ts';
import type { ImageOutcome } from '../predict/predictor.ts';
import type { InputPicture } from './input-picture.ts';

/** Whose line it is. */
export interface LinePlace {
  readonly batchId: string;
  /** Number of the picture in the batch, from 0. */
  readonly index: number;
  readonly picture: InputPicture;
}

/** What a picture is answered: its outcome, or what was wrong with it beforehand. */
export type LineOutcome =
  | ImageOutcome
  | { readonly ok: false; readonly error: Pick<FoveaError, 'code' | 'message'> };

/** Makes the line of a picture, without its end. */
export function toResultLine(
  lines: BatchPrediction['lines'],
  { batchId, index, picture: { key, customId } }: LinePlace,
  facts: PredictionFacts,
  outcome: LineOutcome,
): string {
  const id = `${batchId}-${index}`;
  const body = outcome.ok ? toPredictionBody(id, facts, outcome) : undefined;
  const error = outcome.ok ? undefined : { code: outcome.error.code, message: outcome.error.message };
  if (lines === 'openai')
    return JSON.stringify({
      id,
      custom_id: customId ?? key,
      response: body === undefined ? null : { status_code: 200, request_id: id, body: { ...body, key } },
      error: error ?? null,
    });
  const place = { index, custom_id: customId, key };
  return JSON.stringify(body === undefined ? { object: 'error', ...place, error } : { ...body, ...place });
}

/** Whether a line is that of a picture with an error. */
export function isErrorLine(line: string): boolean {
  const parsed: unknown = JSON.parse(line);
  return typeof parsed === 'object' && parsed !== null && 'error' in parsed && parsed.error !== null;
}

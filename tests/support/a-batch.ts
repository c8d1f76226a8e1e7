// The settings of a batch prediction as somebody might ask for it.

import { type BatchPrediction, NOTHING_ANSWERED } from '../../core/job/record/batch-prediction.ts';

/** Valid settings, with `changes` in their place. */
export const aBatch = (changes: Partial<BatchPrediction> = {}): BatchPrediction => ({
  version: '1',
  topK: 2,
  precision: 'float32',
  lines: 'fovea',
  source: { kind: 'prefix', key: 'inputs/' },
  endpoint: null,
  inputFileId: null,
  completionWindow: null,
  pictures: 23,
  chunkSize: 4,
  shards: 1,
  estimate: { seconds: 1, usd: 0 },
  expiresAt: null,
  counts: NOTHING_ANSWERED,
  finalizingAt: null,
  ...changes,
});

// Predicts for a request: within the quota of its key, counted for usage and metrics, and with an error that knows the jobs of a missing model.

import type { Context } from 'hono';
import { unixMs } from '../../core/clock.ts';
import type { PictureTiming } from '../../core/predict/onnx-session.ts';
import type { PredictRequest, PredictResult } from '../../core/predict/predictor.ts';
import type { ReserveQuota } from '../../core/usage/daily-quota.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import type { RequestSpan } from '../deps/tracing.ts';
import { explainMissingModel } from './missing-model.ts';

/** Predicts the pictures of a request. @throws {FoveaError} `quota-exceeded`, and what the predictor throws. */
export type CountedPredict = (c: Context<AppEnv>, request: PredictRequest) => Promise<PredictResult>;

/** One for all routes of an app. Only pictures that got a prediction count. */
export function createCountedPredict(
  { predictor, usage, metrics, jobs }: Pick<AppDeps, 'predictor' | 'usage' | 'metrics' | 'jobs'>,
  reserveQuota: ReserveQuota | undefined,
): CountedPredict {
  return async (c, request) => {
    const key = c.get('apiKey');
    const { model, images } = request;
    const giveBack = key && (await reserveQuota?.(key, images.length));
    let written: Promise<void> | undefined;
    let predicted: PredictResult;
    try {
      const span = c.get('span');
      const startMs = unixMs();
      const noted = span && { ...request, onPicture: notePicture(span) };
      predicted = await predictor.predict(noted ?? request).catch(explainMissingModel(jobs, model));
      const { isCold, load } = predicted.timingMs;
      if (isCold) span?.note({ name: 'load', startMs, endMs: startMs + load });
      c.set('predicted', { model, version: predicted.modelVersion });
      metrics?.predicted(predicted);
      const answers = predicted.outcomes.filter((outcome) => outcome.ok);
      if (answers.length > 0)
        written = usage?.count({
          key: key?.name ?? null,
          model,
          predictions: answers.length,
          scores: {
            version: predicted.modelVersion,
            best: answers.map(({ predictions: [best] }) => best?.score ?? 0),
            rejected: answers.filter(({ isRejected }) => isRejected).length,
          },
        });
    } finally {
      giveBack?.();
    }
    await written;
    return predicted;
  };
}

/** Notes the parts of a picture, which end one after the other, the last of them now. */
const notePicture =
  (span: RequestSpan) =>
  ({ decode, preprocess, infer }: PictureTiming): void => {
    let startMs = unixMs() - decode - preprocess - infer;
    for (const [name, ms] of Object.entries({ decode, preprocess, infer })) {
      // A picture that cannot be read is not computed.
      if (ms > 0) span.note({ name, startMs, endMs: startMs + ms });
      startMs += ms;
    }
  };

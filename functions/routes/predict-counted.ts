// Predicts for a request: within the quota of its key, counted for usage, and with an error that knows the jobs of a missing model.

import type { Context } from 'hono';
import type { PredictRequest, PredictResult } from '../../core/predict/predictor.ts';
import { createDailyQuota } from '../../core/usage/daily-quota.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { explainMissingModel } from './missing-model.ts';

/** Predicts the pictures of a request. @throws {FoveaError} `quota-exceeded`, and what the predictor throws. */
export type CountedPredict = (c: Context<AppEnv>, request: PredictRequest) => Promise<PredictResult>;

/** One for all routes of an app, which share what is known of quotas. */
export function createCountedPredict({
  predictor,
  usage,
  store,
  jobs,
  now,
}: Pick<AppDeps, 'predictor' | 'usage' | 'store' | 'jobs' | 'now'>): CountedPredict {
  const withinQuota = usage && createDailyQuota({ store, usage, now });
  return async (c, request) => {
    const key = c.get('apiKey');
    const { model, images } = request;
    const counted = { key: key?.name ?? null, model, predictions: images.length };
    if (key !== undefined) await withinQuota?.(key, images.length);
    // Written while the pictures are predicted, where the model is known to exist.
    const written = usage?.knows(counted) ? usage.count(counted) : undefined;
    const predicted = await predictor.predict(request).catch(explainMissingModel(jobs, model));
    await (written ?? usage?.count(counted));
    return predicted;
  };
}

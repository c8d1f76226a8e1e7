// What the routes of predictions share beyond what the app is given.

import type { MiddlewareHandler } from 'hono';
import type { ReserveQuota } from '../../core/usage/daily-quota.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import type { CountedPredict } from './predict-counted.ts';

/** The app's ports and settings, and what is made of them once. */
export interface RouteDeps extends AppDeps {
  readonly predict: CountedPredict;
  /** Absent where usage is not counted. */
  readonly reserveQuota: ReserveQuota | undefined;
  /** Refuses keys that send too much; for routes that check keys themselves. */
  readonly limitRate: MiddlewareHandler<AppEnv>;
}

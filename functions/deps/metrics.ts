// What a server measures of itself, as far as the app has to know. A function has none: its metrics are those of its platform.

import type { Scope } from '../../core/api-key/scope.ts';
import type { PredictResult } from '../../core/predict/predictor.ts';

/** An answer to a request. */
export interface AnsweredRequest {
  /** The operation, or else the template of the route; `none` where no route took it. */
  readonly operation: string;
  readonly status: number;
}

/** Takes measurements, and tells them. */
export interface Metrics {
  answered(request: AnsweredRequest): void;
  predicted(result: PredictResult): void;
  /** All metrics, of all processes of the server, as text. */
  scrape(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** Who may see metrics: whose key has this scope, or everybody. */
export const METRICS_SCOPES = ['predict', 'train', 'admin', 'none'] as const satisfies readonly (
  | Scope
  | 'none'
)[];
/** One of {@link METRICS_SCOPES}. */
export type MetricsScope = (typeof METRICS_SCOPES)[number];

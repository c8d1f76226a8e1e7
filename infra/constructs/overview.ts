// A dashboard that answers: does it work, how fast is it, and what does it cost.

import { Duration, Stack } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { metrics, metricsNamespace } from '../../core/environment.ts';
import type { PredictFunction } from './predict-function.ts';

/** The API function and the alarms that are shown. */
export interface OverviewProps {
  readonly api: PredictFunction;
  readonly alarms: readonly Alarm[];
  /** Whether AWS Batch runs jobs. */
  readonly hasTrainers: boolean;
}

const PERIOD = Duration.minutes(5);
const DAY = Duration.days(1);
const FULL_WIDTH = 24;
const SECONDS_PER_HOUR = 3600;
const JOB_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'];

/** The dashboard: alarms, predictions and their latency, requests, jobs by status, hours and cost of trainers. */
export class Overview extends Construct {
  constructor(scope: Construct, id: string, { api, alarms, hasTrainers }: OverviewProps) {
    super(scope, id);
    const namespace = metricsNamespace(Stack.of(this).stackName);
    const ofApi = (metricName: string, statistic: string, label: string) =>
      new Metric({
        namespace,
        metricName,
        dimensionsMap: { service: 'api' },
        statistic,
        label,
        period: PERIOD,
      });
    const ofJobs = (
      metricName: string,
      label: string,
      dimensions: Record<string, string> = {},
      period = PERIOD,
    ) =>
      new Metric({
        namespace,
        metricName,
        dimensionsMap: { service: 'job-events', ...dimensions },
        statistic: Stats.SUM,
        label,
        period,
      });
    const graph = (title: string, ...left: IMetric[]): IWidget =>
      new GraphWidget({ title, left, width: FULL_WIDTH / 3, leftYAxis: { min: 0 } });
    const latency = (statistic: string) => ofApi(metrics.predictLatencyMs, statistic, statistic);

    new Dashboard(this, 'Dashboard', {
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: FULL_WIDTH })],
        [
          graph('Predictions (pictures)', ofApi(metrics.predictions, Stats.SUM, 'pictures')),
          graph('Predict latency (ms)', latency(Stats.p(50)), latency(Stats.p(95)), latency(Stats.p(99))),
          graph(
            'Requests',
            api.function.metricInvocations({ period: PERIOD, label: 'requests' }),
            api.function.metricErrors({ period: PERIOD, label: 'crashes' }),
            api.function.metricThrottles({ period: PERIOD, label: 'throttled' }),
            api.function.metric('Url5xxCount', { period: PERIOD, statistic: Stats.SUM, label: '5xx' }),
            ofApi(metrics.coldStarts, Stats.SUM, 'cold starts'),
          ),
        ],
        ...(hasTrainers
          ? [
              [
                graph(
                  'Jobs that became …',
                  ...JOB_STATES.map((status) => ofJobs(metrics.jobs, status, { status })),
                  ofJobs(metrics.jobsResubmitted, 'resubmitted'),
                ),
                graph(
                  'Hours of trainers (a day)',
                  new MathExpression({
                    expression: `seconds / ${SECONDS_PER_HOUR}`,
                    usingMetrics: { seconds: ofJobs(metrics.trainerSeconds, 'seconds', {}, DAY) },
                    label: 'hours',
                    period: DAY,
                  }),
                ),
                graph(
                  'Estimated cost of trainers (US$ a day, on-demand price)',
                  ofJobs(metrics.estimatedCostUsd, 'US$', {}, DAY),
                ),
              ],
            ]
          : []),
      ],
    });
  }
}

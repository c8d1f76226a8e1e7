// The alarms of an installation, and the topic that tells people about them.

import { Annotations, ArnFormat, Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { metrics, metricsNamespace } from '../../core/environment.ts';
import type { JobEvents } from './job-events.ts';
import type { PredictFunction } from './predict-function.ts';

/** What is watched, and the address that is told; undefined for none. */
export interface AlarmsProps {
  readonly api: PredictFunction;
  /** Undefined where it is not there. */
  readonly jobEvents: JobEvents | undefined;
  /** Whether AWS Batch runs jobs. */
  readonly hasTrainers: boolean;
  readonly email: string | undefined;
}

const PERIOD = Duration.minutes(5);
/** Predictions take tens of milliseconds, and seconds where a large model is loaded first. */
const SLOW = Duration.seconds(10);

/** Alarms for failures of the API, of jobs and of batch events, and for slow answers. */
export class Alarms extends Construct {
  readonly alarms: readonly Alarm[];
  /** What tells people. */
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { api, jobEvents, hasTrainers, email }: AlarmsProps) {
    super(scope, id);
    const topic = new Topic(this, 'Topic', { displayName: 'Fovea alarms', enforceSSL: true });
    this.topic = topic;
    allowAlarms(topic);
    if (email !== undefined) topic.addSubscription(new EmailSubscription(email));
    else
      Annotations.of(this).addWarningV2(
        'fovea:alarms-tell-nobody',
        'The alarms tell nobody: set fovea:alarmEmail, or subscribe to their topic.',
      );
    const action = new SnsAction(topic);

    const alarm = (name: string, description: string, metric: IMetric, threshold = 1): Alarm => {
      const created = new Alarm(this, name, {
        alarmDescription: description,
        metric,
        threshold,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      created.addAlarmAction(action);
      return created;
    };
    const period = { period: PERIOD };
    const namespace = metricsNamespace(Stack.of(this).stackName);
    const latency = new Metric({
      namespace,
      metricName: metrics.predictLatencyMs,
      dimensionsMap: { service: 'api' },
      statistic: Stats.percentile(99),
      period: PERIOD,
    });
    const failedJobs = new Metric({
      namespace,
      metricName: metrics.jobs,
      dimensionsMap: { service: 'job-events', status: 'failed' },
      statistic: Stats.SUM,
      period: PERIOD,
    });

    this.alarms = [
      alarm(
        'ApiErrors',
        'The API function crashed or timed out. Its log group says why.',
        api.function.metricErrors(period),
      ),
      alarm(
        'ApiServerErrors',
        'The API answered with 5xx.',
        api.function.metric('Url5xxCount', { ...period, statistic: Stats.SUM }),
      ),
      alarm(
        'ApiThrottled',
        "There were more concurrent requests than the account's concurrency or fovea:functionConcurrency allows; clients got 429.",
        api.function.metricThrottles(period),
      ),
      alarm(
        'ApiSlow',
        `One prediction in a hundred took more than ${SLOW.toSeconds()} s.`,
        latency,
        SLOW.toMilliseconds(),
      ),
      ...(hasTrainers
        ? [alarm('JobFailed', 'A fine-tuning job failed; its events say why.', failedJobs)]
        : []),
      ...(jobEvents === undefined
        ? []
        : [
            alarm(
              'JobEventsFailed',
              'Events of AWS Batch could not be handled.',
              jobEvents.function.metricErrors(period),
            ),
            alarm(
              'JobEventsLost',
              'Events of AWS Batch wait in the queue of lost events; job records may be out of date.',
              jobEvents.lostEvents.metricApproximateNumberOfMessagesVisible(period),
            ),
          ]),
    ];
    Validations.of(topic).acknowledge({
      id: 'AwsSolutions-SNS2',
      reason:
        "CloudWatch cannot write to a topic under the key of AWS, and a key of one's own costs money while idle.",
    });
  }
}

/** The topic's policy, which requires TLS, replaces the usual one of SNS. Without this statement CloudWatch could not tell the topic anything. */
function allowAlarms(topic: Topic): void {
  const stack = Stack.of(topic);
  const alarms = stack.formatArn({
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: {
        StringEquals: { 'aws:SourceAccount': stack.account },
        ArnLike: { 'aws:SourceArn': alarms },
      },
    }),
  );
}

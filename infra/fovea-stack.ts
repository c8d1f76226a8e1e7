// The stack: connects the constructs, and outputs their addresses.

import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Alarms } from './constructs/alarms.ts';
import { CustomDomain } from './constructs/custom-domain.ts';
import { DataBucket } from './constructs/data-bucket.ts';
import { JobEvents } from './constructs/job-events.ts';
import { Overview } from './constructs/overview.ts';
import { PredictFunction } from './constructs/predict-function.ts';
import { SpendingLimit } from './constructs/spending-limit.ts';
import { Trainer } from './constructs/trainer.ts';
import type { Settings } from './settings/settings.ts';

/** The settings of a deployment. */
export interface FoveaStackProps extends StackProps {
  readonly settings: Settings;
}

/** Zones that a template for any region may name. */
const MOST_ZONES = 4;

/** One installation of Fovea in an AWS account. */
export class FoveaStack extends Stack {
  constructor(scope: Construct, id: string, { settings, ...props }: FoveaStackProps) {
    super(scope, id, props);
    const data = new DataBucket(this, 'Data', settings);
    // Workers are machines of somebody else: nothing here is started for jobs, and nothing reports on them.
    const trainer =
      settings.queue === 'workers' ? undefined : new Trainer(this, 'Trainer', { data, settings });
    const api = new PredictFunction(this, 'Api', { data, trainer, settings });
    const jobEvents =
      trainer === undefined && settings.webhookReceivers === 'none'
        ? undefined
        : new JobEvents(this, 'JobEvents', { data, trainer, settings });
    const hasTrainers = trainer !== undefined;
    const { alarms, topic } = new Alarms(this, 'Alarms', {
      api,
      jobEvents,
      hasTrainers,
      email: settings.alarmEmail,
    });
    new Overview(this, 'Overview', { api, alarms, hasTrainers });
    const { domain, certificateArn } = settings;
    const { url, frontSecret } = api;
    if (domain !== undefined && certificateArn !== undefined && frontSecret !== undefined)
      new CustomDomain(this, 'Domain', { url, frontSecret, name: domain, certificateArn });
    if (settings.monthlyBudget !== undefined) {
      new SpendingLimit(this, 'SpendingLimit', {
        monthlyUsd: settings.monthlyBudget,
        scope: settings.budgetScope,
        email: settings.alarmEmail,
      });
    }

    new CfnOutput(this, 'ApiUrl', {
      value: domain === undefined ? url.url : `https://${domain}/`,
      description: 'The API; /docs describes it',
    });
    new CfnOutput(this, 'ApiKeysSecret', {
      value: api.apiKeys.secretArn,
      description: 'Secret with the API keys',
    });
    new CfnOutput(this, 'BucketName', {
      value: data.bucket.bucketName,
      description: 'Copy datasets to datasets/<name>/<class>/',
    });
    new CfnOutput(this, 'AlarmsTopic', {
      value: topic.topicArn,
      description: 'Tells its subscribers about alarms',
    });
    if (settings.alarmEmail !== undefined)
      new CfnOutput(this, 'AlarmsByMail', {
        value: `Confirm the mail that AWS has sent to ${settings.alarmEmail}: before that, no alarm arrives`,
        description: 'What to do once for the mail of alarms',
      });
    if (jobEvents !== undefined) {
      new CfnOutput(this, 'JobEventsFunction', {
        value: jobEvents.function.functionName,
        description: 'Brings events of AWS Batch into job records; call it again with lost events',
      });
      new CfnOutput(this, 'LostEventsQueue', {
        value: jobEvents.lostEvents.queueUrl,
        description: 'Events of AWS Batch that could not be handled',
      });
    }
    if (trainer !== undefined)
      new CfnOutput(this, 'TrainerLogGroup', {
        value: trainer.logGroup.logGroupName,
        description: 'Logs of the trainers',
      });
  }

  /** The zones of the region to which the template is deployed. Without an account, the CDK's own answer would be two. */
  override get availabilityZones(): string[] {
    return Array.from({ length: MOST_ZONES }, (_, index) => Fn.select(index, Fn.getAzs()));
  }
}

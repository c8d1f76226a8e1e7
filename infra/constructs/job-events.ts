// Brings what AWS Batch says about trainers into job records: a function that EventBridge calls when something happened. Where webhooks are
// allowed, it also tells them.

import { Duration, Validations } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, type LambdaFunctionProps } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { environment, TELL_WEBHOOKS_EVENT } from '../../core/environment.ts';
import { keys } from '../../core/storage/keys.ts';
import { allowDelivering, allowJobEvents } from '../access/bucket-access.ts';
import { allowWatching, watchRuleName, watchVariable } from '../access/watch-rule.ts';
import { type Settings, webhookVariables } from '../settings/settings.ts';
import { BundledFunction } from './bundled-function.ts';
import type { DataBucket } from './data-bucket.ts';
import { fleetVariable, type Trainer } from './trainer.ts';
import { allowDescribing, allowReadingLogs, allowTraining } from './trainer-access.ts';

/** The bucket, the trainers, and the settings. Without trainers, the function tells webhooks alone. */
export interface JobEventsProps {
  readonly data: DataBucket;
  readonly trainer: Trainer | undefined;
  readonly settings: Settings;
}

const MEMORY_MIB = 256;
/** An event takes a second. Hundreds of open jobs are compared in minutes. */
const TIMEOUT = Duration.minutes(5);
/** An event that could not be delivered for this long helps nobody any more; it goes to the lost events. */
const MAX_AGE = Duration.hours(1);
/** How often jobs are looked at that wait for workers. */
const LOOK_AGAIN = Duration.minutes(2);
/** How often open jobs are compared with AWS Batch. */
const WATCH = Duration.minutes(5);
/** How often attempts that failed are made again, and what was overseen is found. */
const TELL_AGAIN = Duration.minutes(5);
const LOST_EVENTS_KEPT = Duration.days(14);

/** The function that handles events of AWS Batch, the rule that calls it, and the queue of lost events. */
export class JobEvents extends Construct {
  readonly function: IFunction;
  /** Events that did not reach the function, and those that it failed on. */
  readonly lostEvents: Queue;

  constructor(scope: Construct, id: string, { data, trainer, settings }: JobEventsProps) {
    super(scope, id);
    this.lostEvents = new Queue(this, 'LostEvents', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: LOST_EVENTS_KEPT,
    });
    Validations.of(this.lostEvents).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This is the dead-letter queue.',
    });
    const looksAgain = settings.queue === 'workers-first';
    const handler = new BundledFunction(this, 'Function', {
      code: 'job-events',
      description: 'Fovea: brings events of AWS Batch into job records',
      settings,
      memoryMib: MEMORY_MIB,
      timeout: TIMEOUT,
      deadLetterQueue: this.lostEvents,
      environment: {
        [environment.storeUrl]: data.storeUrl,
        ...fleetVariable(trainer),
        [environment.queue]: settings.queue,
        ...watchVariable(this, settings),
        ...webhookVariables(settings),
      },
    });
    allowJobEvents(handler.role, data.bucket, { looksAgain });
    this.function = handler.function;

    if (trainer !== undefined) this.followTrainers(handler, trainer);
    if (looksAgain)
      new Rule(this, 'LookAgain', {
        description: 'Open Fovea jobs are compared with AWS Batch, or go there if no worker has taken them',
        schedule: Schedule.rate(LOOK_AGAIN),
        targets: [this.target()],
      });
    if (settings.queue === 'batch') {
      // On at first, for jobs that are open while the stack is updated. The function switches it off; the API switches it on before it makes
      // a job, and the function with the first event of one.
      new Rule(this, 'OpenJobs', {
        ruleName: watchRuleName(this),
        description: 'Open Fovea jobs are compared with AWS Batch; off while there are none',
        schedule: Schedule.rate(WATCH),
        targets: [this.target()],
      });
      allowWatching(handler.role, { off: true });
    }
    if (settings.webhookReceivers !== 'none') this.tellWebhooks(handler, data);
  }

  /** Has the function called for what AWS Batch says of the trainers, and lets it start and look at them. */
  private followTrainers({ role }: BundledFunction, trainer: Trainer): void {
    allowTraining(role, trainer);
    allowDescribing(role);
    allowReadingLogs(role, trainer);
    new Rule(this, 'OnBatchEvent', {
      description: 'Jobs of the Fovea queues that changed their state or cannot start',
      eventPattern: {
        source: ['aws.batch'],
        detailType: ['Batch Job State Change', 'Batch Job Queue Blocked'],
        detail: { jobQueue: trainer.queues.map((queue) => queue.jobQueueArn) },
      },
      targets: [this.target()],
    });
  }

  /** Has the function called for every new notice in the bucket, and every few minutes for what is tried again. */
  private tellWebhooks({ role, function: handler }: BundledFunction, data: DataBucket): void {
    allowDelivering(role, data.bucket);
    data
      .notices(keys.webhookNotices())
      .addSubscription(new LambdaSubscription(handler, { deadLetterQueue: this.lostEvents }));
    new Rule(this, 'TellWebhooks', {
      description: 'Fovea webhooks are told again what they did not take',
      schedule: Schedule.rate(TELL_AGAIN),
      targets: [this.target({ event: RuleTargetInput.fromObject(TELL_WEBHOOKS_EVENT) })],
    });
  }

  /** The function as the target of a rule. */
  private target(props: Pick<LambdaFunctionProps, 'event'> = {}): LambdaFunction {
    return new LambdaFunction(this.function, {
      ...props,
      deadLetterQueue: this.lostEvents,
      maxEventAge: MAX_AGE,
    });
  }
}

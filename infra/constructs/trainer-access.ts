// Lets a role start and stop trainers.

import { Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { acknowledgeWildcard } from '../access/acknowledge-wildcard.ts';
import type { Trainer } from './trainer.ts';

/**
 * Lets a role submit jobs of this stack's definitions, in every revision, to this stack's queues, and terminate jobs that carry this stack's
 * tag. Other Batch jobs cannot be touched.
 */
export function allowTraining(role: Role, trainer: Trainer): void {
  const stack = Stack.of(role);
  const jobs = stack.formatArn({ service: 'batch', resource: 'job', resourceName: '*' });
  const tags = Object.entries(trainer.fleet.tags);
  const revisions = trainer.jobDefinitionNames.map((name) =>
    stack.formatArn({ service: 'batch', resource: 'job-definition', resourceName: `${name}:*` }),
  );
  const policy = new Policy(role, 'TrainerAccess', {
    roles: [role],
    statements: [
      new PolicyStatement({
        actions: ['batch:SubmitJob'],
        resources: [...trainer.queues.map((queue) => queue.jobQueueArn), ...revisions],
      }),
      new PolicyStatement({
        actions: ['batch:TagResource'],
        resources: [jobs],
        conditions: {
          StringEquals: Object.fromEntries(tags.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
        },
      }),
      new PolicyStatement({
        actions: ['batch:TerminateJob'],
        resources: [jobs],
        conditions: {
          StringEquals: Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
        },
      }),
      // Needed to find a job that was submitted but not recorded; AWS Batch has no narrower permission.
      new PolicyStatement({ actions: ['batch:ListJobs'], resources: ['*'] }),
    ],
  });
  for (const definition of revisions)
    acknowledgeWildcard(
      policy,
      definition,
      'Versions of the function name different revisions of one definition.',
    );
  acknowledgeWildcard(
    policy,
    jobs,
    'Ids of jobs are not known beforehand; the condition narrows it to jobs of this stack.',
  );
  acknowledgeWildcard(policy, '*', 'ListJobs cannot be limited to a queue, and reads names alone.');
}

/** Lets a role read the trainers' logs, and no others. */
export function allowReadingLogs(role: Role, { logGroup }: Trainer): void {
  const resources = [logGroup.logGroupArn];
  const policy = new Policy(role, 'TrainerLogs', {
    roles: [role],
    statements: [new PolicyStatement({ actions: ['logs:GetLogEvents'], resources })],
  });
  acknowledgeWildcard(policy, logGroup.logGroupArn, 'AWS Batch names the streams of the log group.');
}

/** Lets a role read what became of Batch jobs; AWS Batch has no narrower permission. */
export function allowDescribing(role: Role): void {
  const policy = new Policy(role, 'DescribeJobs', {
    roles: [role],
    statements: [new PolicyStatement({ actions: ['batch:DescribeJobs'], resources: ['*'] })],
  });
  acknowledgeWildcard(policy, '*', 'DescribeJobs cannot be limited to jobs of a queue.');
}

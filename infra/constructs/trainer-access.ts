// Who may start and end trainers.

import { Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { acknowledgeWildcard } from '../access/acknowledge-wildcard.ts';
import type { Trainer } from './trainer.ts';

/** Jobs of this stack's definitions into this stack's queues, ended by the tag that they carry; no other Batch jobs. */
export function allowTraining(role: Role, trainer: Trainer): void {
  const stack = Stack.of(role);
  const jobs = stack.formatArn({ service: 'batch', resource: 'job', resourceName: '*' });
  const tags = Object.entries(trainer.fleet.tags);
  const policy = new Policy(role, 'TrainerAccess', {
    roles: [role],
    statements: [
      new PolicyStatement({
        actions: ['batch:SubmitJob'],
        resources: [
          ...trainer.queues.map((queue) => queue.jobQueueArn),
          ...trainer.jobDefinitions.map((definition) => definition.jobDefinitionArn),
        ],
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
      // Finds a job that was submitted but not recorded; AWS Batch knows no narrower permission.
      new PolicyStatement({ actions: ['batch:ListJobs'], resources: ['*'] }),
    ],
  });
  acknowledgeWildcard(
    policy,
    jobs,
    'Ids of jobs are not known beforehand; the condition narrows it to jobs of this stack.',
  );
  acknowledgeWildcard(policy, '*', 'ListJobs cannot be limited to a queue, and reads names alone.');
}

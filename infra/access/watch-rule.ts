// The schedule by which open jobs are compared with AWS Batch: its name, and who may switch it.

import { Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { environment } from '../../core/environment.ts';
import type { Settings } from '../settings/settings.ts';
import { shortenedStackName } from '../settings/stack-name.ts';

/** A name of its own: with the one that CloudFormation gives, function, rule and permission would wait for each other. */
export const watchRuleName = (scope: Construct): string =>
  `${shortenedStackName(Stack.of(scope).stackName)}-open-jobs`;

/** The variable by which a function is told of the schedule; none where there is no such schedule. */
export const watchVariable = (scope: Construct, { queue }: Settings): Readonly<Record<string, string>> =>
  queue === 'batch' ? { [environment.watchRule]: watchRuleName(scope) } : {};

/** Lets a role switch the schedule on, and with `off` also off. */
export function allowWatching(role: Role, { off = false }: { readonly off?: boolean } = {}): void {
  const resourceName = watchRuleName(role);
  const rule = Stack.of(role).formatArn({ service: 'events', resource: 'rule', resourceName });
  const actions = ['events:EnableRule', ...(off ? ['events:DisableRule'] : [])];
  new Policy(role, 'WatchRule', {
    roles: [role],
    statements: [new PolicyStatement({ actions, resources: [rule] })],
  });
}

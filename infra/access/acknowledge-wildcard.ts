// Acknowledges cdk-nag's finding for one resource pattern of a policy. cdk-nag names such a finding by the flattened ARN.

import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Accepts `resource`, a pattern with `*`, in the policies below `scope`. The reason is kept in the template's report. */
export function acknowledgeWildcard(scope: IConstruct, resource: string, reason: string): void {
  const flat = flatten(Stack.of(scope).resolve(resource));
  Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${flat}]`, reason });
}

/** Writes references as cdk-nag does: `<Bucket.Arn>/models/*`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = ['', undefined]] = Object.entries(value as Record<string, unknown>);
  if (name === 'Ref') return `<${String(argument)}>`;
  if (name === 'Fn::GetAtt') return `<${(argument as readonly string[]).join('.')}>`;
  if (name === 'Fn::Join') return (argument as [string, readonly unknown[]])[1].map(flatten).join('');
  throw new TypeError(`A policy's resource cannot be flattened: ${JSON.stringify(value)}`);
}

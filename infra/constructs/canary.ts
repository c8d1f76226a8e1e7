// Lets a new version of a function answer a tenth of the requests first, and takes it back where it fails. AWS CodeDeploy does it while the
// stack is updated; it costs nothing.

import { Duration, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { CANARY_MINUTES } from '../settings/canary-minutes.ts';

/** The alias that moves to new versions, and how carefully. */
export interface CanaryProps {
  readonly function: IFunction;
  readonly alias: Alias;
  readonly minutes: (typeof CANARY_MINUTES)[number];
}

const CONFIGS = {
  5: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  10: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
  15: LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
  30: LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES,
} as const;
/** Short, so that an alarm rings while the old version answers most requests. */
const PERIOD = Duration.minutes(1);
const ROLE_POLICY = 'service-role/AWSCodeDeployRoleForLambdaLimited';

/** The deployment group of an alias, with the alarms that stop a deployment. */
export class Canary extends Construct {
  constructor(scope: Construct, id: string, { function: handler, alias, minutes }: CanaryProps) {
    super(scope, id);
    // The alias waits for the deployment group, which waits for its alarms. So they name the alias by its text.
    const ofAlias = {
      FunctionName: handler.functionName,
      Resource: `${handler.functionName}:${alias.aliasName}`,
    };
    const alarm = (name: string, alarmDescription: string, metricName: string, dimensions: object) =>
      new Alarm(this, name, {
        alarmDescription,
        metric: new Metric({
          namespace: 'AWS/Lambda',
          metricName,
          dimensionsMap: { ...ofAlias, ...dimensions },
          statistic: Stats.SUM,
          period: PERIOD,
        }),
        threshold: 1,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
    const group = new LambdaDeploymentGroup(this, 'Group', {
      alias,
      deploymentConfig: CONFIGS[minutes],
      alarms: [
        alarm('Crashed', 'The new version of the API function crashed or timed out.', 'Errors', {
          ExecutedVersion: alias.version.version,
        }),
        alarm('ServerErrors', 'The API answered with 5xx while a new version was tried.', 'Url5xxCount', {}),
      ],
    });
    if (group.role !== undefined)
      Validations.of(group).acknowledge({
        id: `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${ROLE_POLICY}]`,
        reason: 'The policy that AWS maintains for CodeDeploy, in its narrower form for functions.',
      });
  }
}

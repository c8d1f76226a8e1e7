// What the project's functions have in common: bundled code, a role and a log of their own, traces, JSON logs.

import { type Duration, Stack } from 'aws-cdk-lib';
import {
  type IGrantable,
  type IPrincipal,
  Policy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Function as AwsFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { metricsNamespace, NO_TELEMETRY } from '../../core/environment.ts';
import { acknowledgeWildcard } from '../access/acknowledge-wildcard.ts';
import { functionCode } from '../settings/function-code.ts';
import type { Settings } from '../settings/settings.ts';
import { checkVariablesSize } from '../settings/variables-size.ts';

/** What distinguishes one function from another. */
export interface BundledFunctionProps {
  /** Folder below the build script's output; also the service in logs and metrics. */
  readonly code: 'api' | 'job-events';
  readonly description: string;
  readonly settings: Settings;
  readonly memoryMib: number;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  /** Requests that the function may serve at once; default: it shares the account's concurrency. */
  readonly reservedConcurrency?: number;
  /** Receives the events that failed three times within some minutes. */
  readonly deadLetterQueue?: Queue;
}

/** A function that may write its own logs and traces, and nothing more until it is granted. */
export class BundledFunction extends Construct implements IGrantable {
  readonly function: AwsFunction;
  readonly role: Role;
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id);
    const { settings, code, description } = props;
    const logGroup = new LogGroup(this, 'Logs', { retention: settings.logRetentionDays });
    this.role = new Role(this, 'Role', {
      description: `What this function may do: ${description}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    this.grantPrincipal = this.role;
    allowLogs(this.role, logGroup);
    const variables = {
      POWERTOOLS_SERVICE_NAME: code,
      POWERTOOLS_METRICS_NAMESPACE: metricsNamespace(Stack.of(this).stackName),
      ...NO_TELEMETRY,
      ...props.environment,
    };
    checkVariablesSize(this, variables);
    this.function = new AwsFunction(this, 'Function', {
      description,
      runtime: Runtime.NODEJS_24_X,
      architecture: settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      code: functionCode(this, code, settings.architecture),
      handler: 'app/main.handler',
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      memorySize: props.memoryMib,
      timeout: props.timeout,
      ...(props.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...(props.deadLetterQueue === undefined ? {} : { deadLetterQueue: props.deadLetterQueue }),
      environment: variables,
    });
    // The CDK adds the permission to write traces by itself.
    acknowledgeWildcard(this.role, '*', 'X-Ray knows no resources for traces that are being written.');
  }
}

/** Replaces AWS's own policy, which allows writing every log of the account. */
function allowLogs(role: Role, logGroup: LogGroup): void {
  const resources = [logGroup.logGroupArn];
  const actions = ['logs:CreateLogStream', 'logs:PutLogEvents'];
  const policy = new Policy(role, 'Logs', {
    roles: [role],
    statements: [new PolicyStatement({ actions, resources })],
  });
  acknowledgeWildcard(policy, logGroup.logGroupArn, 'The service names the streams of the log group.');
}

// What must hold of the template: each with a check that lists what is wrong, and a violation to prove the check by.

import { type CloudTemplate, type Resource, resourcesOf } from './synthesize.ts';

/** What is deleted some days after it was written. */
const EXPIRING = [
  'checkpoints/',
  'uploads/',
  'files/unfinished/',
  'files/expiring/',
  'cache/features/',
  'cache/inspections/',
  'batches/',
  'idempotency/',
  'workers/',
  'audit/',
  'usage/',
  'webhook-deliveries/',
  'webhook-queue/',
];

/** What the API may delete with all its versions. */
const ERASED = [
  'datasets/*',
  'splits/*',
  'models/*',
  'jobs/*',
  'batches/*',
  'inputs/*',
  'checkpoints/*',
  'uploads/*',
  'files/*',
  'cache/features/*',
  'api-keys/*',
  'cache/inspections/*',
  'webhooks/*',
  'webhook-deliveries/*',
  'webhook-queue/*',
];

export interface Guarantee {
  readonly name: string;
  /** What is wrong; empty where the guarantee holds. */
  readonly problems: (template: CloudTemplate) => readonly string[];
  /** Breaks the guarantee in a copy of the template. */
  readonly violate: (template: CloudTemplate) => void;
}

const first = (template: CloudTemplate, type: string): Resource => {
  const resource = resourcesOf(template, type).at(0)?.[1];
  if (resource === undefined) throw new Error(`expected a ${type}`);
  return resource;
};

/** Every resource of a type holds a condition. */
const all =
  (type: string, isGood: (properties: Resource['Properties'], resource: Resource) => boolean) =>
  (template: CloudTemplate) => {
    const resources = resourcesOf(template, type);
    if (resources.length === 0) return [`no ${type}`];
    return resources.filter(([, resource]) => !isGood(resource.Properties, resource)).map(([id]) => id);
  };
const none = (type: string) => (template: CloudTemplate) => resourcesOf(template, type).map(([id]) => id);

interface Statement {
  readonly policy: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: unknown;
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** All that roles are allowed, policy by policy. */
const statementsOf = (template: CloudTemplate): Statement[] =>
  resourcesOf(template, 'AWS::IAM::Policy').flatMap(([policy, { Properties }]) =>
    Properties['PolicyDocument'].Statement.map((statement: Record<string, unknown>) => ({
      policy,
      actions: list(statement['Action']).map(String),
      resources: list(statement['Resource']).map((resource) => JSON.stringify(resource)),
      condition: statement['Condition'],
    })),
  );

const allow = (template: CloudTemplate, policyPrefix: string, statement: Record<string, unknown>): void => {
  const [, policy] =
    resourcesOf(template, 'AWS::IAM::Policy').find(([id]) => id.startsWith(policyPrefix)) ?? [];
  policy?.Properties['PolicyDocument'].Statement.push({ Effect: 'Allow', ...statement });
};

/** Object patterns that a role may use with an action. */
const patternsOf = (template: CloudTemplate, policyPrefix: string, action: string): string[] =>
  statementsOf(template)
    .filter(({ policy, actions }) => policy.startsWith(policyPrefix) && actions.includes(action))
    .flatMap(({ resources }) => resources.map((resource) => /"\/([^"]*)"/.exec(resource)?.[1] ?? resource));

const sameAs = (actual: readonly string[], expected: readonly string[]) =>
  actual.length === expected.length && expected.every((pattern) => actual.includes(pattern))
    ? []
    : [`${actual.join(' ')} instead of ${expected.join(' ')}`];

/** Actions that AWS knows no narrower resource for. */
const UNSCOPED_ACTIONS = [
  'ecr:GetAuthorizationToken',
  'batch:ListJobs',
  'batch:DescribeJobs',
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
];

const PUBLIC_FUNCTION = 'ApiFunction';
/** The alias of it that the URL leads to. */
const PUBLIC_ALIAS = 'ApiLive';

export const GUARANTEES: readonly Guarantee[] = [
  {
    name: 'the bucket is closed to the public',
    problems: all('AWS::S3::Bucket', ({ PublicAccessBlockConfiguration: block }) =>
      ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'].every(
        (key) => block?.[key] === true,
      ),
    ),
    violate: (t) => {
      first(t, 'AWS::S3::Bucket').Properties['PublicAccessBlockConfiguration'].BlockPublicPolicy = false;
    },
  },
  {
    name: 'the bucket refuses connections without TLS 1.2',
    problems: all('AWS::S3::BucketPolicy', ({ PolicyDocument }) => {
      const denied = JSON.stringify(
        PolicyDocument.Statement.filter((s: { Effect: string }) => s.Effect === 'Deny'),
      );
      return denied.includes('"aws:SecureTransport":"false"') && denied.includes('"s3:TlsVersion":1.2');
    }),
    violate: (t) => {
      first(t, 'AWS::S3::BucketPolicy').Properties['PolicyDocument'].Statement.shift();
    },
  },
  {
    name: 'the bucket keeps old versions, encrypts, and outlives the stack',
    problems: all(
      'AWS::S3::Bucket',
      (bucket, { DeletionPolicy }) =>
        bucket['VersioningConfiguration']?.Status === 'Enabled' &&
        'BucketEncryption' in bucket &&
        DeletionPolicy === 'Retain',
    ),
    violate: (t) => {
      first(t, 'AWS::S3::Bucket').Properties['VersioningConfiguration'].Status = 'Suspended';
    },
  },
  {
    name: 'unfinished uploads, old versions, uploads to be predicted, files with an end, checkpoints, cached features, inspections, batches, lost workers, the audit log, usage and deliveries to webhooks expire',
    problems: all('AWS::S3::Bucket', ({ LifecycleConfiguration }) => {
      const rules: Record<string, unknown>[] = LifecycleConfiguration.Rules;
      const forPrefix = (prefix: string | undefined) =>
        rules.find((rule) => rule['Prefix'] === prefix && rule['Status'] === 'Enabled');
      const everywhere = forPrefix(undefined);
      return (
        everywhere?.['AbortIncompleteMultipartUpload'] !== undefined &&
        everywhere['NoncurrentVersionExpiration'] !== undefined &&
        EXPIRING.every((prefix) => forPrefix(prefix)?.['ExpirationInDays'] !== undefined)
      );
    }),
    violate: (t) => {
      first(t, 'AWS::S3::Bucket').Properties['LifecycleConfiguration'].Rules.pop();
    },
  },
  {
    name: 'no object expires that is needed: datasets, jobs, open-job entries, models',
    problems: all('AWS::S3::Bucket', ({ LifecycleConfiguration }) =>
      LifecycleConfiguration.Rules.filter(
        (rule: Record<string, unknown>) => rule['ExpirationInDays'] !== undefined,
      ).every(({ Prefix }: { Prefix?: string }) => EXPIRING.includes(Prefix ?? '')),
    ),
    violate: (t) => {
      first(t, 'AWS::S3::Bucket').Properties['LifecycleConfiguration'].Rules.push({
        Prefix: 'open-jobs/',
        ExpirationInDays: 14,
        Status: 'Enabled',
      });
    },
  },
  {
    name: 'every role that ends a job may delete its open-job entry',
    problems: (t) =>
      ['ApiFunctionRole', 'TrainerJobRole', 'JobEventsFunctionRole']
        .filter((role) => !patternsOf(t, `${role}BucketAccess`, 's3:DeleteObject').includes('open-jobs/*'))
        .map((role) => `${role} may not`),
    violate: (t) => {
      for (const [id, { Properties }] of resourcesOf(t, 'AWS::IAM::Policy')) {
        if (!id.startsWith('TrainerJobRoleBucketAccess')) continue;
        const { Statement } = Properties['PolicyDocument'];
        Properties['PolicyDocument'].Statement = Statement.filter(
          ({ Action }: { Action: string }) => Action !== 's3:DeleteObject',
        );
      }
    },
  },
  {
    name: 'pages of other sites can upload by a link, and do nothing else with the bucket',
    problems: all('AWS::S3::Bucket', ({ CorsConfiguration }) => {
      const rules: Record<string, string[]>[] = CorsConfiguration?.CorsRules ?? [];
      const [rule] = rules;
      return (
        rules.length === 1 &&
        sameAs(rule?.['AllowedMethods'] ?? [], ['PUT']).length === 0 &&
        sameAs(rule?.['AllowedHeaders'] ?? [], ['content-type', 'if-none-match']).length === 0
      );
    }),
    violate: (t) => {
      first(t, 'AWS::S3::Bucket').Properties['CorsConfiguration'].CorsRules[0].AllowedMethods.push('GET');
    },
  },
  {
    name: 'nothing can connect to a trainer, and trainers connect by HTTPS alone',
    problems: (t) => [
      ...none('AWS::EC2::SecurityGroupIngress')(t),
      ...all(
        'AWS::EC2::SecurityGroup',
        ({ SecurityGroupIngress = [], SecurityGroupEgress = [] }) =>
          SecurityGroupIngress.length === 0 &&
          SecurityGroupEgress.every(
            (rule: { FromPort: number; ToPort: number }) => rule.FromPort === 443 && rule.ToPort === 443,
          ),
      )(t),
    ],
    violate: (t) => {
      first(t, 'AWS::EC2::SecurityGroup').Properties['SecurityGroupIngress'] = [
        { CidrIp: '0.0.0.0/0', IpProtocol: '-1' },
      ];
    },
  },
  {
    name: 'nothing in the network costs money while idle',
    problems: (t) => [
      ...none('AWS::EC2::NatGateway')(t),
      ...none('AWS::EC2::EIP')(t),
      ...all('AWS::EC2::VPCEndpoint', ({ VpcEndpointType }) => VpcEndpointType === 'Gateway')(t),
      ...all('AWS::Batch::ComputeEnvironment', ({ ComputeResources }) => ComputeResources.MinvCpus === 0)(t),
    ],
    violate: (t) => {
      first(t, 'AWS::Batch::ComputeEnvironment').Properties['ComputeResources'].MinvCpus = 4;
    },
  },
  {
    name: 'machines require IMDSv2, keep it from containers, and encrypt their disk',
    problems: all(
      'AWS::EC2::LaunchTemplate',
      ({ LaunchTemplateData: { MetadataOptions, BlockDeviceMappings } }) => {
        const isClosed =
          MetadataOptions?.HttpTokens === 'required' && MetadataOptions.HttpPutResponseHopLimit === 1;
        return (
          isClosed &&
          BlockDeviceMappings.every(
            ({ Ebs }: { Ebs: Record<string, unknown> }) => Ebs['Encrypted'] && Ebs['VolumeType'] === 'gp3',
          )
        );
      },
    ),
    violate: (t) => {
      first(t, 'AWS::EC2::LaunchTemplate').Properties['LaunchTemplateData'].MetadataOptions.HttpTokens =
        'optional';
    },
  },
  {
    name: 'compute environments use the AL2023 image of their kind and a named version of the launch template',
    problems: all(
      'AWS::Batch::ComputeEnvironment',
      ({
        ComputeResources: { Ec2Configuration, InstanceTypes, LaunchTemplate, UpdateToLatestImageVersion },
      }) =>
        Ec2Configuration[0]?.ImageType ===
          (InstanceTypes[0].startsWith('g') ? 'ECS_AL2023_NVIDIA' : 'ECS_AL2023') &&
        LaunchTemplate.Version !== undefined &&
        UpdateToLatestImageVersion,
    ),
    violate: (t) => {
      delete first(t, 'AWS::Batch::ComputeEnvironment').Properties['ComputeResources'].LaunchTemplate.Version;
    },
  },
  {
    name: 'a job is repeated only after a reclaimed machine, a release or a failed image pull, and for a limited time',
    problems: all('AWS::Batch::JobDefinition', ({ RetryStrategy, Timeout }) => {
      const expected = [
        { Action: 'RETRY', OnStatusReason: 'Host EC2*' },
        { Action: 'RETRY', OnExitCode: '75' },
        { Action: 'RETRY', OnReason: 'CannotPullContainerError:*' },
        { Action: 'EXIT', OnReason: '*' },
      ];
      return (
        JSON.stringify(RetryStrategy.EvaluateOnExit) === JSON.stringify(expected) &&
        Timeout.AttemptDurationSeconds > 0
      );
    }),
    violate: (t) => {
      first(t, 'AWS::Batch::JobDefinition').Properties['RetryStrategy'].EvaluateOnExit.pop();
    },
  },
  {
    name: 'a job that cannot start is cancelled after a while, for every reason that AWS Batch takes a limit for',
    problems: all(
      'AWS::Batch::JobQueue',
      ({ JobStateTimeLimitActions = [] }) =>
        JSON.stringify(JobStateTimeLimitActions.map(({ Reason }: { Reason: string }) => Reason)) ===
        JSON.stringify([
          'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY',
          'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE',
          'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT',
          'MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED',
        ]),
    ),
    violate: (t) => {
      first(t, 'AWS::Batch::JobQueue').Properties['JobStateTimeLimitActions'] = [];
    },
  },
  {
    name: 'no role may use all actions of a service',
    problems: (t) =>
      statementsOf(t)
        .filter(({ actions }) => actions.some((action) => action.includes('*')))
        .map(({ policy, actions }) => `${policy}: ${actions.join(' ')}`),
    violate: (t) => allow(t, 'Api', { Action: 's3:*', Resource: 'arn:aws:s3:::x' }),
  },
  {
    name: 'only actions without resource permissions are allowed on all resources',
    problems: (t) =>
      statementsOf(t)
        .filter(
          ({ resources, actions }) =>
            resources.includes('"*"') && !actions.every((action) => UNSCOPED_ACTIONS.includes(action)),
        )
        .map(({ policy, actions }) => `${policy}: ${actions.join(' ')}`),
    violate: (t) => allow(t, 'Api', { Action: 'batch:TerminateJob', Resource: '*' }),
  },
  {
    name: 'the API deletes open-job entries and what people ask for, and cannot write cached features',
    problems: (t) => [
      ...sameAs(patternsOf(t, 'ApiFunctionRoleBucketAccess', 's3:PutObject'), [
        'datasets/*',
        'splits/*',
        'jobs/*/job.json',
        'jobs/*/events/*',
        'batches/*',
        'checkpoints/*',
        'open-jobs/*',
        'idempotency/*.json',
        'uploads/*',
        'files/*',
        'models/*',
        'backbones/*',
        'cache/weights/*',
        'api-keys/*',
        'cache/inspections/*',
        'audit/*',
        'usage/*',
        'webhooks/*',
        'webhook-deliveries/*',
        'webhook-queue/*',
      ]),
      ...sameAs(patternsOf(t, 'ApiFunctionRoleBucketAccess', 's3:DeleteObject'), ['open-jobs/*', ...ERASED]),
      ...sameAs(patternsOf(t, 'ApiFunctionRoleBucketAccess', 's3:DeleteObjectVersion'), ERASED),
    ],
    violate: (t) =>
      allow(t, 'ApiFunctionRoleBucketAccess', {
        Action: 's3:PutObject',
        Resource: { 'Fn::Join': ['', ['x', '/cache/features/*']] },
      }),
  },
  {
    name: 'the API alone can delete earlier versions of objects, and list them',
    problems: (t) =>
      statementsOf(t)
        .filter(
          ({ policy, actions }) =>
            !policy.startsWith('ApiFunctionRoleBucketAccess') &&
            actions.some((action) => /Version/.test(action) && action.startsWith('s3:')),
        )
        .map(({ policy, actions }) => `${policy}: ${actions.join(' ')}`),
    violate: (t) =>
      allow(t, 'TrainerJobRoleBucketAccess', {
        Action: 's3:DeleteObjectVersion',
        Resource: { 'Fn::Join': ['', ['x', '/models/*']] },
      }),
  },
  {
    name: 'a trainer cannot change datasets',
    problems: (t) =>
      sameAs(patternsOf(t, 'TrainerJobRoleBucketAccess', 's3:PutObject'), [
        'splits/*',
        'models/*',
        'cache/*',
        'jobs/*',
        'batches/*',
        'checkpoints/*',
        'webhook-queue/notices/*',
      ]),
    violate: (t) =>
      allow(t, 'TrainerJobRoleBucketAccess', {
        Action: 's3:PutObject',
        Resource: { 'Fn::Join': ['', ['x', '/datasets/*']] },
      }),
  },
  {
    name: 'the function of job events can access job records and job events, and give notice of ends, only',
    problems: (t) =>
      ['s3:GetObject', 's3:PutObject'].flatMap((action) =>
        sameAs(patternsOf(t, 'JobEventsFunctionRoleBucketAccess', action), [
          'jobs/*/job.json',
          'jobs/*/events/*',
          'batches/batch_*/job.json',
          'batches/batch_*/events/*',
          ...(action === 's3:PutObject' ? ['webhook-queue/notices/*'] : []),
        ]),
      ),
    violate: (t) =>
      allow(t, 'JobEventsFunctionRoleBucketAccess', {
        Action: 's3:GetObject',
        Resource: { 'Fn::Join': ['', ['x', '/datasets/*']] },
      }),
  },
  {
    name: "the function of job events reads the trainers' logs, and nobody reads others",
    problems: (t) =>
      statementsOf(t)
        .filter(({ actions }) => actions.some((action) => /^logs:(Get|Filter|Start|Describe)/.test(action)))
        .filter(
          ({ policy, actions, resources }) =>
            !policy.startsWith('JobEventsFunctionRole') ||
            sameAs(actions, ['logs:GetLogEvents']).length > 0 ||
            !resources.every((resource) => /^\{"Fn::GetAtt":\["TrainerLogs\w+","Arn"\]\}$/.test(resource)),
        )
        .map(({ policy }) => policy),
    violate: (t) =>
      allow(t, 'JobEvents', { Action: 'logs:GetLogEvents', Resource: 'arn:aws:logs:::log-group:*' }),
  },
  {
    name: 'every alarm may publish to the topic that it tells, and CloudWatch of no other account may',
    problems: (t) => {
      const refOf = (value: unknown) => (value as { Ref?: string }).Ref;
      const mayPublish = (topic: string | undefined) =>
        resourcesOf(t, 'AWS::SNS::TopicPolicy')
          .filter(([, { Properties }]) => Properties['Topics'].some((one: unknown) => refOf(one) === topic))
          .flatMap(([, { Properties }]) => Properties['PolicyDocument'].Statement)
          .some(
            ({ Effect, Action, Principal, Resource, Condition }) =>
              Effect === 'Allow' &&
              Action === 'sns:Publish' &&
              Principal.Service === 'cloudwatch.amazonaws.com' &&
              refOf(Resource) === topic &&
              refOf(Condition.StringEquals['aws:SourceAccount']) === 'AWS::AccountId' &&
              JSON.stringify(Condition.ArnLike['aws:SourceArn']).includes(':alarm:*'),
          );
      const told = resourcesOf(t, 'AWS::CloudWatch::Alarm').flatMap(([id, { Properties }]) =>
        (Properties['AlarmActions'] ?? []).map((action: unknown) => [id, refOf(action)] as const),
      );
      return told.length === 0
        ? ['no alarm']
        : told.filter(([, topic]) => !mayPublish(topic)).map(([id]) => id);
    },
    violate: (t) => {
      for (const [id, { Properties }] of resourcesOf(t, 'AWS::SNS::TopicPolicy'))
        if (id.startsWith('Alarms'))
          Properties['PolicyDocument'].Statement = Properties['PolicyDocument'].Statement.filter(
            ({ Effect }: { Effect: string }) => Effect === 'Deny',
          );
    },
  },
  {
    name: "earlier revisions of this stack's job definitions stay, and whoever submits jobs may use them",
    problems: (t) => {
      const definitions = resourcesOf(t, 'AWS::Batch::JobDefinition').map(([, { Properties }]) => Properties);
      const submit = statementsOf(t).filter(({ actions }) => actions.includes('batch:SubmitJob'));
      return [
        ...definitions
          .filter(({ ResourceRetentionPolicy: policy }) => policy?.SkipDeregisterOnUpdate !== true)
          .map(({ JobDefinitionName }) => `${JobDefinitionName} is deregistered`),
        ...submit.flatMap(({ resources }) =>
          sameAs(
            resources.flatMap((one) => /job-definition\/[^"]*/.exec(one)?.[0] ?? []),
            definitions.map(({ JobDefinitionName }) => `job-definition/${JobDefinitionName}:*`),
          ),
        ),
        ...(submit.length === 2 ? [] : [`${submit.length} may submit`]),
      ];
    },
    violate: (t) => {
      delete first(t, 'AWS::Batch::JobDefinition').Properties['ResourceRetentionPolicy'];
    },
  },
  {
    name: 'Batch jobs of others cannot be ended',
    problems: (t) =>
      statementsOf(t)
        .filter(
          ({ actions, condition }) =>
            actions.includes('batch:TerminateJob') &&
            !JSON.stringify(condition ?? {}).includes('aws:ResourceTag/fovea:stack'),
        )
        .map(({ policy }) => policy),
    violate: (t) => allow(t, 'Api', { Action: 'batch:TerminateJob', Resource: 'arn:aws:batch:::job/*' }),
  },
  {
    name: 'strangers can reach the API by its URL, and nothing else',
    problems: (t) =>
      resourcesOf(t, 'AWS::Lambda::Permission')
        .filter(([, { Properties: p }]) => p['Principal'] === '*')
        .filter(
          ([, { Properties: p }]) =>
            !JSON.stringify(p['FunctionName']).includes(PUBLIC_ALIAS) ||
            (p['Action'] === 'lambda:InvokeFunction' && p['InvokedViaFunctionUrl'] !== true),
        )
        .map(([id]) => id),
    violate: (t) => {
      const [, permission] =
        resourcesOf(t, 'AWS::Lambda::Permission').find(([id]) => id.startsWith('JobEvents')) ?? [];
      if (permission !== undefined) permission.Properties['Principal'] = '*';
    },
  },
  {
    name: 'no function reserves concurrency, which a new account has not',
    problems: all('AWS::Lambda::Function', (properties) => !('ReservedConcurrentExecutions' in properties)),
    violate: (t) => {
      first(t, 'AWS::Lambda::Function').Properties['ReservedConcurrentExecutions'] = 10;
    },
  },
  {
    name: 'a trainer is told its region',
    problems: all('AWS::Batch::JobDefinition', ({ ContainerProperties: { Environment } }) =>
      Environment.some(
        ({ Name, Value }: { Name: string; Value: unknown }) =>
          Name === 'AWS_REGION' && JSON.stringify(Value) === '{"Ref":"AWS::Region"}',
      ),
    ),
    violate: (t) => {
      first(t, 'AWS::Batch::JobDefinition').Properties['ContainerProperties'].Environment = [];
    },
  },
  {
    name: 'no function has a key in its environment',
    problems: all(
      'AWS::Lambda::Function',
      ({ Environment }) =>
        !/resolve:secretsmanager|api[-_]?key"?:\s*"\w{20,}/i.test(JSON.stringify(Environment)),
    ),
    violate: (t) => {
      first(t, 'AWS::Lambda::Function').Properties['Environment'].Variables.API_KEY =
        '{{resolve:secretsmanager:keys}}';
    },
  },
  {
    name: "there are only the project's two functions, and none of the CDK's own",
    problems: (t) => {
      const functions = resourcesOf(t, 'AWS::Lambda::Function').map(([id]) => id);
      const custom = Object.values(t.Resources).filter(
        ({ Type }) => Type.startsWith('Custom::') || Type === 'AWS::CloudFormation::CustomResource',
      );
      return functions.length === 2 && custom.length === 0 ? [] : functions;
    },
    violate: (t) => {
      t.Resources['More'] = { Type: 'AWS::Lambda::Function', Properties: {} };
    },
  },
  {
    name: 'every log expires, after the same days',
    problems: (t) => {
      const { RetentionInDays: days } = first(t, 'AWS::Logs::LogGroup').Properties;
      return all('AWS::Logs::LogGroup', ({ RetentionInDays }) => days > 0 && RetentionInDays === days)(t);
    },
    violate: (t) => {
      delete first(t, 'AWS::Logs::LogGroup').Properties['RetentionInDays'];
    },
  },
  {
    name: 'an event that does not reach its function is kept',
    problems: all('AWS::Events::Rule', ({ Targets }) =>
      Targets.every((target: object) => 'DeadLetterConfig' in target),
    ),
    violate: (t) => {
      delete first(t, 'AWS::Events::Rule').Properties['Targets'][0].DeadLetterConfig;
    },
  },
  {
    name: 'an event on which its function fails is kept',
    problems: (t) =>
      resourcesOf(t, 'AWS::Lambda::Function')
        .filter(
          ([id, { Properties }]) => !id.startsWith(PUBLIC_FUNCTION) && !('DeadLetterConfig' in Properties),
        )
        .map(([id]) => id),
    violate: (t) => {
      for (const [, { Properties }] of resourcesOf(t, 'AWS::Lambda::Function'))
        delete Properties['DeadLetterConfig'];
    },
  },
  {
    name: 'costs can be separated by a tag',
    problems: (t) =>
      [
        'AWS::S3::Bucket',
        'AWS::Batch::ComputeEnvironment',
        'AWS::Lambda::Function',
        'AWS::EC2::LaunchTemplate',
      ].flatMap((type) =>
        all(type, (properties) =>
          /"project":\s*"fovea"|"Key":\s*"project",\s*"Value":\s*"fovea"/.test(JSON.stringify(properties)),
        )(t),
      ),
    violate: (t) => {
      delete first(t, 'AWS::S3::Bucket').Properties['Tags'];
    },
  },
];

const BUILD = 'Custom::CDKContainerImageBuild';

/** Everything that CloudFormation makes before a resource. */
function neededBy(template: CloudTemplate, id: string, seen = new Set<string>()): ReadonlySet<string> {
  const resource = template.Resources[id];
  const text = JSON.stringify({ ...resource, Metadata: undefined });
  const named = [
    ...[...text.matchAll(/"Ref":"(\w+)"|"Fn::GetAtt":\["(\w+)"/g)].map(([, ref, got]) => ref ?? got ?? ''),
    ...list((resource as { DependsOn?: unknown } | undefined)?.DependsOn ?? []).map(String),
  ];
  for (const one of named)
    if (one in template.Resources && !seen.has(one)) {
      seen.add(one);
      neededBy(template, one, seen);
    }
  return seen;
}

/** What must hold where AWS CodeBuild makes the images. */
export const BUILD_GUARANTEES: readonly Guarantee[] = [
  {
    name: 'builds pull nothing from Docker Hub, whose limits count all who share an address',
    problems: all(BUILD, ({ buildCommand }) =>
      /--build-arg BASE=public\.ecr\.aws\/docker\/library\/node:\d/.test(buildCommand),
    ),
    violate: (t) => {
      const build = first(t, BUILD).Properties;
      build['buildCommand'] = String(build['buildCommand']).replace(/--build-arg BASE=\S+/, '');
    },
  },
  {
    name: 'jobs of revisions before can still pull what Docker built',
    problems: (t) =>
      statementsOf(t).some(
        ({ policy, actions, resources }) =>
          policy.startsWith('TrainerExecutionRole') &&
          actions.includes('ecr:BatchGetImage') &&
          resources.some((resource) => resource.includes('-container-assets-')),
      )
        ? []
        : ['TrainerExecutionRole'],
    violate: (t) => {
      for (const [id, { Properties }] of resourcesOf(t, 'AWS::IAM::Policy'))
        if (id.startsWith('TrainerExecutionRole')) Properties['PolicyDocument'].Statement = [];
    },
  },
  {
    name: 'no build waits for another',
    problems: (t) => {
      const builds = resourcesOf(t, BUILD).map(([id]) => id);
      return builds.length < 2
        ? ['fewer than two builds']
        : builds.filter((id) => builds.some((other) => other !== id && neededBy(t, id).has(other)));
    },
    violate: (t) => {
      const [[one], [, other]] = resourcesOf(t, BUILD) as [[string, Resource], [string, Resource]];
      other.Properties['waitsFor'] = { Ref: one };
    },
  },
  {
    name: 'repositories keep a few images by their number, and none goes by its age',
    problems: all('AWS::ECR::Repository', ({ LifecyclePolicy }) => {
      const { rules } = JSON.parse(LifecyclePolicy?.LifecyclePolicyText ?? '{"rules":[]}');
      return (
        rules.length > 0 &&
        rules.every(
          ({ selection }: { selection: { countType: string; countNumber: number } }) =>
            selection.countType === 'imageCountMoreThan' && selection.countNumber > 1,
        )
      );
    }),
    violate: (t) => {
      delete first(t, 'AWS::ECR::Repository').Properties['LifecyclePolicy'];
    },
  },
  {
    name: 'builds write into a log of the stack, which expires and goes with it',
    problems: (t) =>
      resourcesOf(t, 'AWS::CodeBuild::Project').flatMap(([id, { Properties }]) => {
        const [logId, log] =
          resourcesOf(t, 'AWS::Logs::LogGroup').find(
            ([, group]) => group.Properties['LogGroupName'] === `/aws/codebuild/${Properties['Name']}`,
          ) ?? [];
        const isKept =
          log !== undefined && log.Properties['RetentionInDays'] > 0 && log.DeletionPolicy === 'Delete';
        return isKept && neededBy(t, id).has(String(logId)) ? [] : [id];
      }),
    violate: (t) => {
      first(t, 'AWS::CodeBuild::Project').Properties['Name'] = 'another';
    },
  },
];

import { beforeAll, describe, expect, it } from 'vitest';
import {
  FRONT_HEADER,
  NO_TELEMETRY,
  TELL_WEBHOOKS_EVENT,
  TrainerFleetSchema,
} from '../../core/environment.ts';
import { MACHINE_FAMILY_NAMES } from '../../infra/settings/machines.ts';
import { BUILD_GUARANTEES, GUARANTEES } from './guarantees.ts';
import { type CloudTemplate, type Resource, resourcesOf, synthesize, synthesizeStack } from './synthesize.ts';

let template: CloudTemplate;

beforeAll(() => {
  template = synthesize({ monthlyBudget: 50, alarmEmail: 'me@example.com' });
});

describe('the template', () => {
  it.each(GUARANTEES.map((guarantee) => [guarantee.name, guarantee] as const))(
    '%s',
    (_name, { problems }) => {
      expect(problems(template)).toEqual([]);
    },
  );

  it.each(GUARANTEES.map((guarantee) => [guarantee.name, guarantee] as const))(
    'is found wrong where not: %s',
    (_name, { problems, violate }) => {
      const broken = structuredClone(template);
      violate(broken);
      expect(problems(broken)).not.toEqual([]);
    },
  );

  it('gives each trainer a thread of its own for every core that decodes pictures', () => {
    const containers = resourcesOf(template, 'AWS::Batch::JobDefinition').map(
      ([, { Properties }]) => Properties['ContainerProperties'],
    );
    const numberIn = (list: readonly { Name?: string; Type?: string; Value: string }[], name: string) =>
      Number(list.find(({ Name, Type }) => Name === name || Type === name)?.Value);
    expect(containers.length).toBeGreaterThan(2);
    for (const { Environment, ResourceRequirements } of containers)
      expect(numberIn(Environment, 'UV_THREADPOOL_SIZE')).toBe(
        Math.max(4, numberIn(ResourceRequirements, 'VCPU')),
      );
  });

  it('gives both functions every pool, smallest first', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::Lambda::Function')) {
      const fleet = TrainerFleetSchema.parse(
        JSON.parse(flatten(Properties['Environment'].Variables.FOVEA_TRAINER_FLEET)),
      );
      expect(
        fleet.pools.map(({ name, queues }) => [name, ...queues.map(({ capacity }) => capacity)]),
      ).toEqual([
        ['cpu', 'spot', 'on-demand'],
        ['gpu-16gb', 'spot', 'on-demand'],
        ['gpu-24gb', 'spot', 'on-demand'],
        ['gpu-48gb', 'spot', 'on-demand'],
      ]);
      expect(fleet.tags).toEqual({ 'fovea:stack': 'Fovea' });
    }
  });

  it('tells the functions where the price of each machine is from', () => {
    const told = synthesize({ usdPerHour: 'g6=0.9' });
    const [, api] = resourcesOf(told, 'AWS::Lambda::Function').at(0) ?? [];
    const fleet = TrainerFleetSchema.parse(
      JSON.parse(flatten(api?.Properties['Environment'].Variables.FOVEA_TRAINER_FLEET)),
    );
    expect(fleet.pools.map(({ machine }) => machine.priceBasis)).toEqual([
      expect.stringMatching(/^On-demand price of c7i\.2xlarge in us-east-1 on \d{4}-\d\d-\d\d/),
      expect.stringContaining('g4dn.xlarge in us-east-1'),
      'The price is the one that fovea:usdPerHour gives for g6.xlarge.',
      expect.stringContaining('g6e.xlarge in us-east-1'),
    ]);
    expect(fleet.pools[0]?.queues.map(({ arn }) => arn)).toEqual(
      ['reference', 'reference'].map((name) => `arn:reference:batch:reference:reference:job-queue/${name}`),
    );
  });

  it('has room in the variables of its functions for every size of machine, and says where there is none', () => {
    const most = { trainerFamilies: MACHINE_FAMILY_NAMES.join(','), maxVcpus: 48, webhookReceivers: 'any' };
    const long = { stackName: 'a-name-of-a-stack-that-many-people-of-one-company-share' };
    const { template: largest, messages } = synthesizeStack(most, long);
    expect(JSON.stringify(messages)).not.toContain('The variables of this function');
    for (const [, { Properties }] of resourcesOf(largest as CloudTemplate, 'AWS::Lambda::Function')) {
      const { Variables } = Properties['Environment'];
      // A reference becomes a name of at most so many characters; here it is `reference`.
      const bytes = Object.entries(Variables).map(([name, value]) => `${name}${flatten(value)}`);
      expect(bytes.join('').replaceAll('reference', 'x'.repeat(64)).length).toBeLessThan(4096);
      expect(TrainerFleetSchema.parse(JSON.parse(flatten(Variables.FOVEA_TRAINER_FLEET))).pools).toHaveLength(
        7,
      );
    }
    const origins = Array.from({ length: 150 }, (_, at) => `https://app-${at}.example.com`).join();
    expect(JSON.stringify(synthesizeStack({ allowOrigins: origins }).messages)).toMatch(
      /The variables of this function take about \d+ bytes, and AWS allows 4096\. Most of them has FOVEA_ALLOW_ORIGINS/,
    );
  });

  it('compares open jobs with AWS Batch by a schedule that its function may switch off, and the API on, and no other', () => {
    const rules = resourcesOf(template, 'AWS::Events::Rule').filter(
      ([, { Properties }]) => 'ScheduleExpression' in Properties,
    );
    expect(rules).toMatchObject([
      [
        expect.any(String),
        { Properties: { Name: 'Fovea-open-jobs', ScheduleExpression: 'rate(5 minutes)' } },
      ],
    ]);
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    expect(
      functions.flatMap(([id, { Properties }]) =>
        Properties['Environment'].Variables.FOVEA_WATCH_RULE === undefined ? [] : id.slice(0, 9),
      ),
    ).toEqual(['ApiFuncti', 'JobEvents']);
    const switches = resourcesOf(template, 'AWS::IAM::Policy').filter(([, policy]) =>
      JSON.stringify(policy).includes('events:'),
    );
    expect(
      switches.map(([id, { Properties }]) => [id.slice(0, 9), Properties['PolicyDocument'].Statement]),
    ).toMatchObject([
      ['ApiFuncti', [{ Action: 'events:EnableRule' }]],
      ['JobEvents', [{ Action: ['events:DisableRule', 'events:EnableRule'] }]],
    ]);
    for (const [, { Properties }] of switches)
      expect(flatten(Properties['PolicyDocument'].Statement[0].Resource)).toMatch(/:rule\/Fovea-open-jobs$/);
  });

  it('has no machines, network, image or job events where workers run all jobs', () => {
    const typesOf = (synthesized: CloudTemplate) =>
      Object.values(synthesized.Resources).map(({ Type }) => Type.replace(/::\w+$/, ''));
    const alone = synthesize({ queue: 'workers', imageBuilder: 'codebuild' });
    expect(typesOf(alone).filter((type) => /Batch|EC2|ECR|CodeBuild|Events|SQS/.test(type))).toEqual([]);
    expect(resourcesOf(alone, 'AWS::Lambda::Function').map(([id]) => id.slice(0, 3))).toEqual(['Api']);
    expect(JSON.stringify(alone)).not.toMatch(/batch:|FOVEA_TRAINER_FLEET|trainer/i);
    expect(Object.keys(alone.Outputs).toSorted()).toEqual([
      'AlarmsTopic',
      'ApiKeysSecret',
      'ApiUrl',
      'BucketName',
    ]);
    const alarms = resourcesOf(alone, 'AWS::CloudWatch::Alarm').map(([id]) => id.slice(0, 9));
    expect(alarms).toEqual(['AlarmsApi', 'AlarmsApi', 'AlarmsApi', 'AlarmsApi']);
    // Webhooks are told by the function of job events, which has nothing to do with AWS Batch then.
    const telling = synthesize({ queue: 'workers', webhookReceivers: 'public' });
    expect(resourcesOf(telling, 'AWS::Lambda::Function')).toHaveLength(2);
    expect(JSON.stringify(telling)).not.toMatch(/"batch:|FOVEA_TRAINER_FLEET|aws\.batch/);
  });

  it('looks again at jobs that wait for workers, where workers come first', () => {
    const looks = (synthesized: CloudTemplate) =>
      resourcesOf(synthesized, 'AWS::Events::Rule').filter(
        ([, { Properties }]) => 'ScheduleExpression' in Properties,
      );
    const withWorkers = synthesize({ queue: 'workers-first' });
    expect(looks(withWorkers)).toMatchObject([
      [expect.any(String), { Properties: { ScheduleExpression: 'rate(2 minutes)' } }],
    ]);
    const functions = resourcesOf(withWorkers, 'AWS::Lambda::Function');
    expect(functions.map(([, { Properties }]) => Properties['Environment'].Variables.FOVEA_QUEUE)).toEqual(
      functions.map(() => 'workers-first'),
    );
    const policy = JSON.stringify(
      resourcesOf(withWorkers, 'AWS::IAM::Policy').find(([id]) =>
        id.startsWith('JobEventsFunctionRoleBucketAccess'),
      ),
    );
    expect(policy).toContain('/workers/*');
  });

  it('gives the API the allowed origins, and no variable where there are none', () => {
    const origins = (synthesized: CloudTemplate) =>
      resourcesOf(synthesized, 'AWS::Lambda::Function').flatMap(
        ([, { Properties }]) => Properties['Environment'].Variables.FOVEA_ALLOW_ORIGINS ?? [],
      );
    expect(origins(synthesize({ allowOrigins: 'https://app.example.com' }))).toEqual([
      '["https://app.example.com"]',
    ]);
    expect(origins(template)).toEqual([]);
  });

  it('keeps things as long as the settings say, and tells the API', () => {
    const kept = synthesize({ keepDays: 'audit=90,batches=7' });
    const rules = resourcesOf(kept, 'AWS::S3::Bucket').flatMap(
      ([, { Properties }]) => Properties['LifecycleConfiguration'].Rules,
    );
    const days = (prefix: string) =>
      rules.find((rule: Record<string, unknown>) => rule['Prefix'] === prefix).ExpirationInDays;
    expect([days('audit/'), days('batches/'), days('usage/')]).toEqual([90, 7, 400]);
    const told = (synthesized: CloudTemplate) =>
      resourcesOf(synthesized, 'AWS::Lambda::Function').flatMap(
        ([, { Properties }]) => Properties['Environment'].Variables.FOVEA_KEEP_DAYS ?? [],
      );
    expect(told(kept)).toEqual(['audit=90,batches=7']);
    expect(told(template)).toEqual([]);
  });

  it('tells the API from which ports it may fetch pictures, and by default from none', () => {
    const ports = (synthesized: CloudTemplate) =>
      resourcesOf(synthesized, 'AWS::Lambda::Function').flatMap(
        ([, { Properties }]) => Properties['Environment'].Variables.FOVEA_IMAGE_URLS ?? [],
      );
    expect(ports(synthesize({ imageUrls: true }))).toEqual(['[443]']);
    expect(ports(template)).toEqual([]);
  });

  it('keeps pictures from feedback only where the setting says so', () => {
    const kept = (synthesized: CloudTemplate) =>
      resourcesOf(synthesized, 'AWS::Lambda::Function').flatMap(
        ([, { Properties }]) => Properties['Environment'].Variables.FOVEA_FEEDBACK ?? [],
      );
    expect(kept(synthesize({ feedback: true }))).toEqual(['true']);
    expect(kept(template)).toEqual([]);
  });

  it('tells webhooks only where the setting says so: by notices of the bucket, and again every few minutes', () => {
    const chosen = synthesize({ webhookReceivers: 'public' });
    const receivers = (synthesized: CloudTemplate) =>
      resourcesOf(synthesized, 'AWS::Lambda::Function').flatMap(
        ([, { Properties }]) => Properties['Environment'].Variables.FOVEA_WEBHOOK_RECEIVERS ?? [],
      );
    expect(receivers(chosen)).toEqual(['public', 'public']);
    expect(receivers(template)).toEqual([]);
    const bucket = resourcesOf(chosen, 'AWS::S3::Bucket').at(0)?.[1];
    const [, topicPolicy] =
      resourcesOf(chosen, 'AWS::SNS::TopicPolicy').find(([id]) => id.startsWith('DataNotices')) ?? [];
    expect(bucket?.Properties['NotificationConfiguration']).toEqual({
      TopicConfigurations: [
        {
          Event: 's3:ObjectCreated:*',
          Topic: topicPolicy?.Properties['Topics'][0],
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'webhook-queue/notices/' }] } },
        },
      ],
    });
    const publish = topicPolicy?.Properties['PolicyDocument'].Statement.find(
      ({ Effect }: { Effect: string }) => Effect === 'Allow',
    );
    expect(publish).toMatchObject({
      Action: 'sns:Publish',
      Principal: { Service: 's3.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    expect(
      resourcesOf(chosen, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties),
    ).toMatchObject([
      {
        Protocol: 'lambda',
        TopicArn: topicPolicy?.Properties['Topics'][0],
        RedrivePolicy: expect.anything(),
      },
    ]);
    expect(resourcesOf(chosen, 'AWS::Events::Rule')).toContainEqual([
      expect.stringMatching(/TellWebhooks/),
      expect.objectContaining({
        Properties: expect.objectContaining({
          ScheduleExpression: 'rate(5 minutes)',
          Targets: [expect.objectContaining({ Input: JSON.stringify(TELL_WEBHOOKS_EVENT) })],
        }),
      }),
    ]);
    const access = (synthesized: CloudTemplate) =>
      resourcesOf(synthesized, 'AWS::IAM::Policy').filter(([id]) => id.includes('WebhookAccess'));
    expect(access(template)).toEqual([]);
    const patterns = access(chosen).map(([, { Properties }]) =>
      Properties['PolicyDocument'].Statement.map(
        ({ Action, Resource }: { Action: string; Resource: unknown }) =>
          `${Action} ${[...JSON.stringify(Resource).matchAll(/"\/([^"]*)"/g)].map(([, key]) => key).join(' ')}`,
      ),
    );
    expect(patterns).toEqual([
      [
        's3:ListBucket ',
        's3:GetObject webhook-deliveries/* webhook-queue/notices/* webhooks/*',
        's3:PutObject webhook-deliveries/* webhook-queue/* webhooks/*',
        's3:DeleteObject webhook-deliveries/* webhook-queue/*',
      ],
    ]);
    // What holds of every installation holds with webhooks, too.
    for (const { name, problems } of GUARANTEES) expect(problems(chosen), name).toEqual([]);
  });

  it('has a dashboard of predictions, latency, cold starts, errors, jobs by status, hours and cost', () => {
    const dashboard = resourcesOf(template, 'AWS::CloudWatch::Dashboard').at(0)?.[1];
    const body = flatten(dashboard?.Properties['DashboardBody']);
    const shown = ['Predictions', 'PredictLatency', 'ColdStart', 'Errors', 'Url5xxCount', 'EstimatedCost'];
    for (const metric of shown) expect(body).toContain(`"${metric}"`);
    for (const status of ['queued', 'running', 'succeeded', 'failed', 'cancelled'])
      expect(body).toContain(`"Jobs","service","job-events","status","${status}"`);
    expect(body).toContain('seconds / 3600');
  });

  it('gives each trainer a price for every machine that may be started, and starts the smallest on demand', () => {
    const valuesOf = (name: string) =>
      resourcesOf(template, 'AWS::Batch::JobDefinition').map(
        ([, { Properties }]) =>
          Properties['ContainerProperties'].Environment.find(({ Name }: { Name: string }) => Name === name)
            .Value,
      );
    expect(valuesOf('FOVEA_USD_PER_HOUR')).toEqual(['0.714', '1.204', '1.624', '3.00424']);
    const priced = valuesOf('FOVEA_MACHINE_PRICES').flatMap((text: string) => Object.keys(JSON.parse(text)));
    const started = resourcesOf(template, 'AWS::Batch::ComputeEnvironment').flatMap(
      ([, { Properties }]): string[] => Properties['ComputeResources'].InstanceTypes,
    );
    expect(new Set(started)).toEqual(new Set(priced));
    const onDemand = resourcesOf(template, 'AWS::Batch::ComputeEnvironment').flatMap(
      ([, { Properties }]): string[] =>
        Properties['ComputeResources'].Type === 'EC2' ? Properties['ComputeResources'].InstanceTypes : [],
    );
    expect(onDemand.toSorted()).toEqual([
      'c7i.2xlarge',
      'g4dn.xlarge',
      'g5.xlarge',
      'g6.xlarge',
      'g6e.xlarge',
    ]);
  });

  it('warns of alarms and a budget that tell nobody', () => {
    const warned = (settings: Readonly<Record<string, unknown>>) =>
      JSON.stringify(synthesizeStack(settings).messages);
    const silent = warned({ monthlyBudget: 50 });
    expect(silent).toContain('The alarms tell nobody');
    expect(silent).toContain('The budget tells nobody');
    expect(warned({ monthlyBudget: 50, alarmEmail: 'me@example.com' })).not.toContain('nobody');
  });

  it('tells whoever deploys that the mail of alarms waits for an answer, and nobody else', () => {
    expect(template.Outputs).toMatchObject({
      AlarmsByMail: {
        Value: expect.stringContaining('Confirm the mail that AWS has sent to me@example.com'),
      },
    });
    expect(synthesize().Outputs).not.toHaveProperty('AlarmsByMail');
  });

  it('marks the bucket with the name of the stack, by which it is removed', () => {
    expect(resourcesOf(template, 'AWS::S3::Bucket').map(([, { Properties }]) => Properties['Tags'])).toEqual([
      expect.arrayContaining([
        { Key: 'project', Value: 'fovea' },
        { Key: 'fovea:stack', Value: 'Fovea' },
      ]),
    ]);
  });

  it('keeps the metrics of two stacks apart, in functions, alarms and dashboard', () => {
    const other = JSON.stringify(synthesizeStack({}, { stackName: 'Other' }).template);
    expect(other).toContain('"POWERTOOLS_METRICS_NAMESPACE":"Fovea/Other"');
    expect(other).not.toMatch(/"Namespace":"Fovea"|\\"Fovea\\"|Fovea\/Fovea/);
  });

  it('gives two stacks of one account and region no name in common, however alike their own are', () => {
    const LONG = 'a-name-of-a-stack-that-many-people-of-one-company-share';
    // What AWS knows by its name within a region. Names of parts, as of an alias or a policy of a role, are not among it.
    const IS_NAME =
      /^(Name|(Bucket|Role|Function|Topic|Queue|Rule|Alarm|Dashboard|LogGroup|LaunchTemplate|Budget)Name)$/;
    const IS_PART = /^AWS::(Lambda::(Alias|Permission|Url|Version)|IAM::Policy)$/;
    const namesOf = (stackName: string) => {
      const { Resources } = synthesizeStack({ monthlyBudget: 9 }, { stackName }).template as CloudTemplate;
      return Object.values(Resources).flatMap(({ Type, Properties }) =>
        IS_PART.test(Type)
          ? []
          : Object.entries(Properties).flatMap(([key, value]) =>
              IS_NAME.test(key) && typeof value === 'string' ? [value] : [],
            ),
      );
    };
    const all = [...namesOf(`${LONG}-one`), ...namesOf(`${LONG}-two`), ...namesOf('Fovea')];
    expect(all.length).toBeGreaterThan(2);
    expect(new Set(all).size).toBe(all.length);
    for (const name of all) expect(name.length).toBeLessThanOrEqual(64);
  });

  it('takes predictions alone for slow', () => {
    const slow = resourcesOf(template, 'AWS::CloudWatch::Alarm').find(([id]) => id.includes('ApiSlow'));
    expect(slow?.[1].Properties).toMatchObject({ Namespace: 'Fovea/Fovea', MetricName: 'PredictLatency' });
  });

  it('keeps ONNX Runtime from sending anything', () => {
    const ours = resourcesOf(template, 'AWS::Lambda::Function')
      .map(([, { Properties }]) => Properties['Environment']?.Variables)
      .filter((variables) => variables?.POWERTOOLS_SERVICE_NAME !== undefined);
    expect(ours.length).toBeGreaterThan(0);
    for (const variables of ours) expect(variables).toMatchObject(NO_TELEMETRY);
  });

  it('warns by mail before the budget is spent', () => {
    const budget = resourcesOf(template, 'AWS::Budgets::Budget').at(0)?.[1];
    expect(budget?.Properties).toMatchObject({
      Budget: { BudgetLimit: { Amount: 50, Unit: 'USD' }, TimeUnit: 'MONTHLY' },
      NotificationsWithSubscribers: [{ Subscribers: [{ Address: 'me@example.com' }] }, {}],
    });
  });
});

describe('pools of both kinds', () => {
  const poolOf = (id: string) => /(cpu|gpu\d+gb)/.exec(id)?.[1];

  it('have machines, an image and jobs of their kind', () => {
    const images = resourcesOf(template, 'AWS::Batch::ComputeEnvironment').map(([id, { Properties }]) => [
      poolOf(id),
      Properties['ComputeResources'].Ec2Configuration[0].ImageType,
    ]);
    expect(new Set(images.map(([pool, type]) => `${pool} ${type}`))).toEqual(
      new Set([
        'cpu ECS_AL2023',
        'gpu16gb ECS_AL2023_NVIDIA',
        'gpu24gb ECS_AL2023_NVIDIA',
        'gpu48gb ECS_AL2023_NVIDIA',
      ]),
    );
    const containers = resourcesOf(template, 'AWS::Batch::JobDefinition').map(([id, { Properties }]) => ({
      pool: poolOf(id),
      image: JSON.stringify(Properties['ContainerProperties'].Image),
      hasGpu: JSON.stringify(Properties['ContainerProperties'].ResourceRequirements).includes('GPU'),
    }));
    expect(containers.map(({ pool, hasGpu }) => [pool, hasGpu])).toEqual([
      ['cpu', false],
      ['gpu16gb', true],
      ['gpu24gb', true],
      ['gpu48gb', true],
    ]);
    expect(containers.map(({ image }) => image === containers[1]?.image)).toEqual([false, true, true, true]);
  });

  it('are reached by both functions, queues and job definitions alike', () => {
    const submit = resourcesOf(template, 'AWS::IAM::Policy').flatMap(([id, { Properties }]) =>
      Properties['PolicyDocument'].Statement.filter(({ Action }: { Action: unknown }) =>
        JSON.stringify(Action).includes('batch:SubmitJob'),
      ).map(({ Resource }: { Resource: unknown }) => [id, JSON.stringify(Resource)]),
    );
    expect(submit).toHaveLength(2);
    for (const [, resources] of submit)
      for (const [id, { Properties }] of [
        ...resourcesOf(template, 'AWS::Batch::JobQueue'),
        ...resourcesOf(template, 'AWS::Batch::JobDefinition'),
      ])
        expect(resources).toContain(
          Properties['JobDefinitionName'] === undefined
            ? id
            : `job-definition/${Properties['JobDefinitionName']}:*`,
        );
  });

  it('tell the functions whether the GPU runs imported backbones', () => {
    const importedOn = (settings: Readonly<Record<string, unknown>>) => {
      const [, api] = resourcesOf(synthesize(settings), 'AWS::Lambda::Function').at(0) ?? [];
      const text = flatten(api?.Properties['Environment'].Variables.FOVEA_TRAINER_FLEET);
      return TrainerFleetSchema.parse(JSON.parse(text)).pools.map(({ machine }) => machine.importedOnGpu);
    };
    expect(importedOn({ trainerFamilies: 'g5,c7i', importedOnGpu: true })).toEqual([undefined, true]);
    expect(importedOn({ trainerFamilies: 'g5,c7i' })).toEqual([undefined, undefined]);
  });

  it('are of one kind where the settings name one', () => {
    const gpus = synthesize({ trainerFamilies: 'g5,g6e' });
    expect(resourcesOf(gpus, 'AWS::Batch::JobDefinition').map(([id]) => poolOf(id))).toEqual([
      'gpu24gb',
      'gpu48gb',
    ]);
  });
});

describe('settings', () => {
  it('change the number of zones, and no range of a subnet that stays', () => {
    const ranges = (availabilityZones: number) =>
      resourcesOf(synthesize({ availabilityZones }), 'AWS::EC2::Subnet').map(
        ([, { Properties }]): string => Properties['CidrBlock'],
      );
    const most = ranges(4);
    expect(most).toEqual(['10.0.0.0/18', '10.0.64.0/18', '10.0.128.0/18', '10.0.192.0/18']);
    for (const zones of [1, 2, 3]) expect(ranges(zones)).toEqual(most.slice(0, zones));
  });

  it('choose machines without GPU', () => {
    const cpu = synthesize({ trainerFamilies: 'c7i', capacity: 'on-demand' });
    const environments = resourcesOf(cpu, 'AWS::Batch::ComputeEnvironment');
    expect(environments.map(([, { Properties }]) => Properties['ComputeResources'])).toMatchObject([
      {
        Type: 'EC2',
        InstanceTypes: ['c7i.2xlarge'],
        Ec2Configuration: [{ ImageType: 'ECS_AL2023' }],
      },
    ]);
    const definition = resourcesOf(cpu, 'AWS::Batch::JobDefinition').at(0)?.[1];
    expect(JSON.stringify(definition?.Properties)).not.toContain('GPU');
  });

  it('choose machines with several GPUs, of which a job has all', () => {
    const several = synthesize({ trainerFamilies: 'g6.12xlarge', maxVcpus: 96, capacity: 'on-demand' });
    const [environment] = resourcesOf(several, 'AWS::Batch::ComputeEnvironment');
    expect(environment?.[1].Properties['ComputeResources'].InstanceTypes).toEqual(['g6.12xlarge']);
    const [definition] = resourcesOf(several, 'AWS::Batch::JobDefinition');
    expect(definition?.[1].Properties['ContainerProperties'].ResourceRequirements).toContainEqual({
      Type: 'GPU',
      Value: '4',
    });
  });

  it('give the API a custom domain, over TLS 1.2 and without a cache', () => {
    const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/a-b';
    const named = synthesize({ domain: 'fovea.example.com', certificateArn });
    const [, distribution] = resourcesOf(named, 'AWS::CloudFront::Distribution').at(0) ?? [];
    expect(distribution?.Properties['DistributionConfig']).toMatchObject({
      Aliases: ['fovea.example.com'],
      ViewerCertificate: { AcmCertificateArn: certificateArn, MinimumProtocolVersion: 'TLSv1.2_2021' },
      DefaultCacheBehavior: {
        ViewerProtocolPolicy: 'https-only',
        // AWS's managed policy CachingDisabled.
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      },
    });
    expect(resourcesOf(template, 'AWS::CloudFront::Distribution')).toEqual([]);
    expect(JSON.stringify(named.Outputs['ApiUrl'])).toContain('https://fovea.example.com/');
  });

  it('close the function to those who come past the domain: by a secret that only CloudFront and the function read', () => {
    const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/a-b';
    const named = synthesize({ domain: 'fovea.example.com', certificateArn });
    const [secretId] =
      resourcesOf(named, 'AWS::SecretsManager::Secret').find(([id]) => id.startsWith('ApiFrontSecret')) ?? [];
    expect(secretId).toBeDefined();
    const [, distribution] = resourcesOf(named, 'AWS::CloudFront::Distribution').at(0) ?? [];
    expect(distribution?.Properties['DistributionConfig'].Origins[0].OriginCustomHeaders).toEqual([
      {
        HeaderName: FRONT_HEADER,
        HeaderValue: {
          'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: secretId }, ':SecretString:::}}']],
        },
      },
    ]);
    const functions = resourcesOf(named, 'AWS::Lambda::Function').map(([, resource]) => resource);
    const [api, jobEvents] = functions as [Resource, Resource];
    expect(api.Properties['Environment'].Variables).toMatchObject({
      FOVEA_FRONT_ORIGIN: 'https://fovea.example.com',
      FOVEA_FRONT_SECRET: { Ref: secretId },
    });
    expect(JSON.stringify(jobEvents)).not.toContain(secretId);
    const readers = resourcesOf(named, 'AWS::IAM::Policy').filter(([, policy]) =>
      JSON.stringify(policy).includes(String(secretId)),
    );
    expect(readers.map(([id]) => id.slice(0, 15))).toEqual(['ApiFunctionRole']);
    for (const { name, problems } of GUARANTEES) expect(problems(named), name).toEqual([]);
    expect(JSON.stringify(template)).not.toMatch(/FRONT_|FrontSecret/);
  });

  it('let IAM admit requests instead of keys: nobody else may call, and the function reads no keys', () => {
    const signed = synthesize({ authorization: 'iam' });
    expect(
      resourcesOf(signed, 'AWS::Lambda::Url').map(([, { Properties }]) => Properties['AuthType']),
    ).toEqual(['AWS_IAM']);
    const open = (synthesized: CloudTemplate) =>
      resourcesOf(synthesized, 'AWS::Lambda::Permission').filter(
        ([, { Properties }]) => Properties['Principal'] === '*',
      ).length;
    expect([open(signed), open(template)]).toEqual([0, 2]);
    const [api] = resourcesOf(signed, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties);
    expect(api?.['Environment'].Variables).toMatchObject({ FOVEA_AUTHORIZATION: 'iam' });
    const policies = (synthesized: CloudTemplate) =>
      JSON.stringify(resourcesOf(synthesized, 'AWS::IAM::Policy')).includes('secretsmanager:GetSecretValue');
    expect([policies(signed), policies(template)]).toEqual([false, true]);
    for (const { name, problems } of GUARANTEES) expect(problems(signed), name).toEqual([]);
  });

  it('keep copies of the function ready, on the alias that the URL leads to, and say what they cost', () => {
    const ready = { provisionedConcurrency: 3, functionMemory: 1024, architecture: 'arm64' };
    const artifact = synthesizeStack(ready);
    const synthesized = artifact.template as CloudTemplate;
    expect(
      resourcesOf(synthesized, 'AWS::Lambda::Alias').map(([, { Properties }]) => Properties),
    ).toMatchObject([{ Name: 'live', ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 3 } }]);
    expect(
      resourcesOf(synthesized, 'AWS::Lambda::Url').map(([, { Properties }]) => Properties['Qualifier']),
    ).toEqual(['live']);
    expect(JSON.stringify(artifact.messages)).toContain('costs about US$ 26.28 a month');
    expect(JSON.stringify(template)).not.toContain('ProvisionedConcurrency');
  });

  it('have AWS CodeBuild make the images of the trainers, which the jobs run then', () => {
    const built = synthesize({ imageBuilder: 'codebuild' });
    const builds = resourcesOf(built, 'Custom::CDKContainerImageBuild');
    expect(
      builds.map(([, { Properties }]) => /VARIANT=\w+/.exec(Properties['buildCommand'])?.[0]).toSorted(),
    ).toEqual(['VARIANT=cpu', 'VARIANT=gpu']);
    for (const [, { Properties }] of builds) {
      expect(Properties['buildCommand']).toContain('--platform linux/amd64');
      expect(Properties['buildCommand']).toContain('batch-job/Dockerfile');
    }
    const images = resourcesOf(built, 'AWS::Batch::JobDefinition').map(([, { Properties }]) =>
      JSON.stringify(Properties['ContainerProperties'].Image),
    );
    for (const image of images) expect(builds.some(([id]) => image.includes(id))).toBe(true);
    expect(new Set(images).size).toBe(2);
    // Everything else is as always; the build brings a function of its own, which only starts it, and reads the sources.
    const itsOwn = new Set([
      'no role may use all actions of a service',
      "there are only the project's two functions, and none of the CDK's own",
      'an event on which its function fails is kept',
    ]);
    for (const { name, problems } of GUARANTEES)
      if (!itsOwn.has(name)) expect(problems(built), name).toEqual([]);
    const starter = resourcesOf(built, 'AWS::IAM::Policy').filter(([id]) => id.startsWith('DeployTimeBuild'));
    expect(starter.map(([, { Properties }]) => Properties['PolicyDocument'].Statement)).toMatchObject([
      [
        {
          Action: 'codebuild:StartBuild',
          Resource: { 'Fn::GetAtt': [expect.stringMatching(/^ContainerImageBuild/), 'Arn'] },
        },
      ],
    ]);
    expect(JSON.stringify(template)).not.toContain('codebuild');
    for (const { name, problems, violate } of BUILD_GUARANTEES) {
      expect(problems(built), name).toEqual([]);
      const broken = structuredClone(built);
      violate(broken);
      expect(problems(broken), name).not.toEqual([]);
    }
  });

  it('try a new version with a tenth of the requests, and take it back at an alarm', () => {
    const careful = synthesize({ canary: 10 });
    const [groupId, group] = resourcesOf(careful, 'AWS::CodeDeploy::DeploymentGroup').at(0) ?? [];
    expect(group?.Properties).toMatchObject({
      DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent10Minutes',
      AutoRollbackConfiguration: {
        Enabled: true,
        Events: expect.arrayContaining(['DEPLOYMENT_STOP_ON_ALARM']),
      },
      AlarmConfiguration: { Enabled: true },
    });
    const [, alias] = resourcesOf(careful, 'AWS::Lambda::Alias').at(0) ?? [];
    expect(JSON.stringify((alias as { UpdatePolicy?: unknown }).UpdatePolicy)).toContain(String(groupId));
    const stopping = resourcesOf(careful, 'AWS::CloudWatch::Alarm').filter(([id]) =>
      id.startsWith('ApiCanary'),
    );
    expect(
      stopping.map(([, { Properties }]) => [
        Properties['MetricName'],
        Properties['Dimensions'].map(({ Name }: { Name: string }) => Name).toSorted(),
      ]),
    ).toEqual([
      ['Errors', ['ExecutedVersion', 'FunctionName', 'Resource']],
      ['Url5xxCount', ['FunctionName', 'Resource']],
    ]);
    for (const [id] of stopping)
      expect(JSON.stringify(group?.Properties['AlarmConfiguration'])).toContain(id);
    for (const { name, problems } of GUARANTEES) expect(problems(careful), name).toEqual([]);
    expect(JSON.stringify(template)).not.toContain('CodeDeploy');
  });

  it('choose the processor, the zones and the concurrency', () => {
    const changed = synthesize({
      architecture: 'arm64',
      availabilityZones: 2,
      functionConcurrency: 20,
    });
    for (const [id, { Properties }] of resourcesOf(changed, 'AWS::Lambda::Function')) {
      expect(Properties['Architectures']).toEqual(['arm64']);
      expect(Properties['ReservedConcurrentExecutions']).toBe(id.startsWith('Api') ? 20 : undefined);
    }
    expect(resourcesOf(changed, 'AWS::EC2::Subnet')).toHaveLength(2);
    expect(resourcesOf(changed, 'AWS::Budgets::Budget')).toEqual([]);
  });
});

/** JSON with references, as a string in which each reference is a name. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  return join === undefined ? 'reference' : join[1].map(flatten).join('');
}

import { beforeAll, describe, expect, it } from 'vitest';
import { SETTING_NAMES } from '../../infra/settings/settings.ts';
import { type CloudTemplate, type Resource, resourcesOf, synthesize } from './synthesize.ts';

const SYNTHESES_TIMEOUT_MS = 180_000;

type Values = Readonly<Record<string, unknown>>;

const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/0-0';

/** For each setting another value than its default, with the settings that it needs. */
const OTHER_VALUES: Readonly<Record<string, Values>> = {
  trainerFamilies: { trainerFamilies: 'g5,c7i' },
  queue: { queue: 'workers-first' },
  capacity: { capacity: 'spot' },
  spotWaitMinutes: { spotWaitMinutes: 30 },
  maxVcpus: { maxVcpus: 32 },
  importedOnGpu: { importedOnGpu: true },
  imageBuilder: { imageBuilder: 'codebuild' },
  usdPerHour: { usdPerHour: 'g5=2' },
  jobHours: { jobHours: 24 },
  availabilityZones: { availabilityZones: 2 },
  architecture: { architecture: 'arm64' },
  authorization: { authorization: 'iam' },
  domain: { domain: 'fovea.example.com', certificateArn },
  certificateArn: { domain: 'fovea.example.com', certificateArn },
  allowOrigins: { allowOrigins: 'https://app.example.com' },
  imageUrls: { imageUrls: true },
  webhookReceivers: { webhookReceivers: 'public' },
  feedback: { feedback: true },
  keepDays: { keepDays: 'audit=90' },
  functionMemory: { functionMemory: 3008 },
  functionConcurrency: { functionConcurrency: 20 },
  provisionedConcurrency: { provisionedConcurrency: 2 },
  canary: { canary: 5 },
  alarmEmail: { alarmEmail: 'me@example.com' },
  monthlyBudget: { monthlyBudget: 50 },
  budgetScope: { budgetScope: 'tag', monthlyBudget: 50 },
  retentionDays: { retentionDays: 60 },
  logRetentionDays: { logRetentionDays: 60 },
};

/**
 * What the reference of CloudFormation says under "Update requires" of the properties that settings change: whether the resource is made
 * anew. A property that is not here fails the test: look it up and add it.
 */
const IS_REPLACED_FOR: Readonly<Record<string, boolean | ((after: Resource) => boolean)>> = {
  // Made anew only where its own property asks for that, which is so by default.
  'AWS::Batch::ComputeEnvironment ComputeResources': ({ Properties }) =>
    Properties['ReplaceComputeEnvironment'] !== false,
  // A new revision; jobs keep theirs.
  'AWS::Batch::JobDefinition ContainerProperties': false,
  'AWS::Batch::JobDefinition Timeout': false,
  'AWS::Batch::JobQueue JobStateTimeLimitActions': false,
  'AWS::CloudWatch::Dashboard DashboardBody': false,
  'AWS::EC2::VPCEndpoint RouteTableIds': false,
  'AWS::Events::Rule EventPattern': false,
  'AWS::IAM::Policy PolicyDocument': false,
  'AWS::Lambda::Alias FunctionVersion': false,
  'AWS::Lambda::Alias ProvisionedConcurrencyConfig': false,
  'AWS::Lambda::Function Architectures': false,
  'AWS::Lambda::Function Code': false,
  'AWS::Lambda::Function Environment': false,
  'AWS::Lambda::Function MemorySize': false,
  'AWS::Lambda::Function ReservedConcurrentExecutions': false,
  'AWS::Lambda::Permission FunctionUrlAuthType': true,
  'AWS::Lambda::Permission Principal': true,
  // The address stays.
  'AWS::Lambda::Url AuthType': false,
  'AWS::Logs::LogGroup RetentionInDays': false,
  'AWS::S3::Bucket LifecycleConfiguration': false,
  'AWS::S3::Bucket NotificationConfiguration': false,
  'AWS::SQS::QueuePolicy PolicyDocument': false,
};

/** Resources with something that a new one of the same kind has not: data, an address that people know, a confirmed subscription. */
const HOLDS_SOMETHING = new Set([
  'AWS::EC2::Subnet',
  'AWS::EC2::VPC',
  'AWS::Lambda::Function',
  'AWS::Lambda::Url',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
]);

/** Logical ids. Where the code gives one of them another, CloudFormation makes a new resource and deletes the old one. */
const KEPT = [
  'AlarmsTopic3A2DFEBA',
  'ApiApiKeys4E4316BE',
  'ApiFunction52E267E3',
  'ApiFunctionLogs058AFA0D',
  'ApiLiveFunctionUrl71A267E9',
  'DataBucketE6B0FAA8',
  'JobEventsFunction788B886A',
  'JobEventsFunctionLogsA787A456',
  'JobEventsLostEvents56C7E103',
  'TrainerLogs1A4A74B7',
  'TrainerNetworkVpc40BBB985',
  'TrainerNetworkVpcpublicSubnet1SubnetB00D54F0',
  'TrainerNetworkVpcpublicSubnet2SubnetA8BB3BA9',
  'TrainerNetworkVpcpublicSubnet3Subnet187B5EF5',
];

/** What an update would do to the resources that are in both templates. */
function changesOf(before: CloudTemplate, after: CloudTemplate) {
  const replaced: string[] = [];
  const unknown: string[] = [];
  for (const [id, old] of Object.entries(before.Resources)) {
    const now = after.Resources[id];
    if (now === undefined) continue;
    if (now.Type !== old.Type) unknown.push(`${id} is of another type`);
    for (const name of new Set([...Object.keys(old.Properties), ...Object.keys(now.Properties)])) {
      if (JSON.stringify(old.Properties[name]) === JSON.stringify(now.Properties[name])) continue;
      const property = `${now.Type} ${name}`;
      const isReplaced = IS_REPLACED_FOR[property];
      if (isReplaced === undefined) unknown.push(property);
      else if (typeof isReplaced === 'boolean' ? isReplaced : isReplaced(now)) replaced.push(id);
    }
  }
  return { replaced: [...new Set(replaced)], unknown: [...new Set(unknown)] };
}

const holding = ({ Resources }: CloudTemplate) =>
  Object.entries(Resources).flatMap(([id, { Type }]) => (HOLDS_SOMETHING.has(Type) ? [id] : []));

const USUAL_LOG_DAYS = 30;
const logDays = (template: CloudTemplate): unknown[] =>
  resourcesOf(template, 'AWS::Logs::LogGroup').map(([, { Properties }]) => Properties['RetentionInDays']);

describe('a setting that changes', () => {
  let before: CloudTemplate;
  beforeAll(() => {
    before = synthesize();
  });

  it('is tried here, whichever it is', () => {
    expect(Object.keys(OTHER_VALUES).toSorted()).toEqual([...SETTING_NAMES].toSorted());
  });

  it('finds what holds something under the ids that it always had', () => {
    expect(holding(before).toSorted()).toEqual(KEPT);
  });

  it.each(Object.entries(OTHER_VALUES))(
    'replaces nothing that holds something, there and back: %s',
    (name, values) => {
      const after = synthesize(values);
      const there = changesOf(before, after);
      const back = changesOf(after, before);
      expect([...there.unknown, ...back.unknown]).toEqual([]);
      const listed = [...there.replaced, ...back.replaced];
      expect(listed).toEqual(REPLACED[name] ?? []);
      expect(listed.filter((id) => KEPT.includes(id))).toEqual([]);
      expect(KEPT.filter((id) => !(id in after.Resources))).toEqual(GONE[name] ?? []);
      const days = new Set(logDays(after));
      expect([...days]).toEqual([values['logRetentionDays'] ?? USUAL_LOG_DAYS]);
    },
    SYNTHESES_TIMEOUT_MS,
  );

  it.each(['batch', 'workers-first'])(
    'takes the trainers away and brings them back, and keeps the rest: from %s to workers',
    (queue) => {
      const withTrainers = synthesize({ queue });
      const without = synthesize({ queue: 'workers' });
      const there = changesOf(withTrainers, without);
      const back = changesOf(without, withTrainers);
      expect({ there, back }).toEqual({
        there: { replaced: [], unknown: [] },
        back: { replaced: [], unknown: [] },
      });
      const ofTrainers = KEPT.filter((id) => /^(Trainer|JobEvents)/.test(id));
      expect(KEPT.filter((id) => !(id in without.Resources))).toEqual(ofTrainers);
      expect(KEPT.filter((id) => !(id in withTrainers.Resources))).toEqual([]);
      // Logs are read after their trainers are gone.
      for (const id of ['TrainerLogs1A4A74B7', 'JobEventsFunctionLogsA787A456'])
        expect(withTrainers.Resources[id]?.DeletionPolicy).toBe('Retain');
    },
    SYNTHESES_TIMEOUT_MS,
  );

  it('is found out where it would replace', () => {
    const after = structuredClone(before);
    const [id, bucket] =
      Object.entries(after.Resources).find(([, { Type }]) => Type === 'AWS::Batch::ComputeEnvironment') ?? [];
    if (bucket === undefined) throw new Error('expected a compute environment');
    bucket.Properties['ComputeResources'].MaxvCpus = 1;
    expect(changesOf(before, after).replaced).toEqual([]);
    bucket.Properties['ReplaceComputeEnvironment'] = true;
    expect(changesOf(before, after)).toEqual({
      replaced: [id],
      unknown: ['AWS::Batch::ComputeEnvironment ReplaceComputeEnvironment'],
    });
  });
});

/** What CloudFormation makes anew for a setting, there and back. */
const REPLACED: Readonly<Record<string, readonly string[]>> = {};

/** What goes with a setting although it holds something: the subnet of a zone, where no job runs any more. */
const GONE: Readonly<Record<string, readonly string[]>> = {
  availabilityZones: ['TrainerNetworkVpcpublicSubnet3Subnet187B5EF5'],
};

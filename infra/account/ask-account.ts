// Asks AWS for the facts of an account. It only reads. What it may not ask is not known, and nothing fails for it.

import {
  DescribeAvailabilityZonesCommand,
  EC2Client,
  GetEbsDefaultKmsKeyIdCommand,
  paginateDescribeInstanceTypeOfferings,
  paginateDescribeSubnets,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { CLOUDFORMATION_TAG } from '../settings/tags.ts';
import type { AccountFacts, Asked, Identity, NoIdentity } from './account-facts.ts';
import { isKnown } from './account-facts.ts';
import { createClient } from './create-client.ts';
import { findStack } from './find-stack.ts';
import { BUILDS_QUOTA, NETWORKS_QUOTA, QUOTAS, type Quota } from './quotas.ts';

/** What to ask for. */
export interface AskAccountOptions {
  /** Types of machines whose offers are asked for. */
  readonly instanceTypes: readonly string[];
  /** The stack, whose network may be there. */
  readonly stackName: string;
}

/** The CDK's bootstrap stack, and its output with the version. */
const BOOTSTRAP_STACK = 'CDKToolkit';
const BOOTSTRAP_VERSION = 'BootstrapVersion';
const SPOT_ROLE = 'AWSServiceRoleForEC2Spot';
const ASKED_QUOTAS: readonly Quota[] = [
  ...Object.values(QUOTAS).flatMap((kinds) => Object.values(kinds)),
  NETWORKS_QUOTA,
  BUILDS_QUOTA,
];
/** Names of the errors by which services say that somebody may not ask. */
const DENIED =
  /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthorizationError|NotAuthorized)$/;

/** Asks for everything that {@link AccountFacts} has. */
export async function askAccount({ instanceTypes, stackName }: AskAccountOptions): Promise<AccountFacts> {
  const region = await findRegion();
  if (region === undefined)
    return nothing(undefined, { found: 'not asked for, without a region', mend: 'Set a region' });
  const identity = await askIdentity(region);
  if (!isKnown(identity)) return nothing(region, identity);
  const ec2 = createClient(EC2Client, { region });
  const [bootstrapVersion, zones, offers, networks, concurrency, diskKey, hasSpotRole, quotas] =
    await Promise.all([
      asked('cloudformation:DescribeStacks', () => askBootstrap(region)),
      asked('ec2:DescribeAvailabilityZones and ec2:DescribeSubnets', () => askZones(ec2)),
      asked('ec2:DescribeInstanceTypeOfferings', () => askOffers(ec2, instanceTypes)),
      asked('ec2:DescribeVpcs', () => askNetworks(ec2, stackName)),
      asked('lambda:GetAccountSettings', () => askConcurrency(region)),
      asked('ec2:GetEbsDefaultKmsKeyId', () => askDiskKey(ec2)),
      asked('iam:GetRole', () => askSpotRole(region)),
      askQuotas(region),
    ]);
  return {
    region,
    identity,
    bootstrapVersion,
    zones,
    offers,
    networks,
    concurrency,
    diskKey,
    hasSpotRole,
    quotas,
  };
}

/** The region of the environment or of the profile. The CDK would take us-east-1 where there is none. */
async function findRegion(): Promise<string | undefined> {
  const { AWS_REGION: region, AWS_DEFAULT_REGION: usual } = process.env;
  if (region || usual) return region || usual;
  return createClient(STSClient)
    .config.region()
    .then(
      (found) => found,
      () => undefined,
    );
}

function nothing(region: string | undefined, identity: NoIdentity): AccountFacts {
  const unknown = { unknown: 'AWS could not be asked' };
  return {
    region,
    identity,
    bootstrapVersion: unknown,
    zones: unknown,
    offers: unknown,
    networks: unknown,
    concurrency: unknown,
    diskKey: unknown,
    hasSpotRole: unknown,
    quotas: Object.fromEntries(ASKED_QUOTAS.map(({ code }) => [code, unknown])),
  };
}

async function askIdentity(region: string): Promise<Identity | NoIdentity> {
  try {
    const { Account: account = '', Arn: arn = '' } = await createClient(STSClient, { region }).send(
      new GetCallerIdentityCommand({}),
    );
    return { account, arn };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    if (name === 'CredentialsProviderError' || name === 'TokenProviderError')
      return {
        found: `There are none that work: ${message}`,
        mend: 'aws configure sso (or aws configure); then export AWS_PROFILE=<its name>',
      };
    if (/^Expired/.test(name))
      return { found: `They have expired: ${message}`, mend: 'aws sso login, or make new ones' };
    if (/InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient|AuthFailure|AccessDenied/.test(name))
      return {
        found: `AWS does not accept them in ${region}: ${message}`,
        mend: `See whose they are: aws sts get-caller-identity --region us-east-1. Where that answers, the region is not enabled: aws account enable-region --region-name ${region}`,
      };
    return {
      found: `AWS cannot be asked in ${region}: ${message || name}`,
      mend: 'Look at the connection and the proxy, and whether the region is written right: export AWS_REGION=us-east-1',
    };
  }
}

/** @returns undefined where there is no bootstrap stack. */
async function askBootstrap(region: string): Promise<number | undefined> {
  const stack = await findStack(BOOTSTRAP_STACK, region);
  if (stack === undefined) return undefined;
  const version = stack.Outputs?.find(({ OutputKey: key }) => key === BOOTSTRAP_VERSION)?.OutputValue;
  if (version === undefined) throw new Error(`the stack ${BOOTSTRAP_STACK} does not say its version`);
  return Number(version);
}

async function askZones(ec2: EC2Client): Promise<readonly string[]> {
  const { AvailabilityZones = [] } = await ec2.send(
    new DescribeAvailabilityZonesCommand({ Filters: [{ Name: 'state', Values: ['available'] }] }),
  );
  const open = AvailabilityZones.filter(
    ({ ZoneType: type }) => type === undefined || type === 'availability-zone',
  )
    .flatMap(({ ZoneName: name }) => name ?? [])
    .toSorted();
  // Of these, CloudFormation gives a template those with a default subnet, unless there is none.
  const usual = new Set<string | undefined>();
  const pages = paginateDescribeSubnets(
    { client: ec2 },
    { Filters: [{ Name: 'default-for-az', Values: ['true'] }] },
  );
  for await (const { Subnets = [] } of pages)
    for (const { AvailabilityZone: zone } of Subnets) usual.add(zone);
  const given = open.filter((zone) => usual.has(zone));
  return given.length === 0 ? open : given;
}

async function askDiskKey(ec2: EC2Client): Promise<string> {
  const { KmsKeyId: key } = await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}));
  if (key === undefined) throw new Error('EC2 tells no key');
  return key;
}

async function askOffers(
  client: EC2Client,
  types: readonly string[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const offers: Record<string, string[]> = {};
  const pages = paginateDescribeInstanceTypeOfferings(
    { client },
    { LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: [...types] }] },
  );
  for await (const { InstanceTypeOfferings = [] } of pages)
    for (const { InstanceType: type, Location: zone } of InstanceTypeOfferings)
      if (type !== undefined && zone !== undefined) offers[type] = [...(offers[type] ?? []), zone];
  return offers;
}

async function askNetworks(client: EC2Client, stackName: string) {
  let count = 0;
  let hasOwn = false;
  for await (const { Vpcs = [] } of paginateDescribeVpcs({ client }, {})) {
    count += Vpcs.length;
    hasOwn ||= Vpcs.some(({ Tags }) =>
      Tags?.some(({ Key, Value }) => Key === CLOUDFORMATION_TAG && Value === stackName),
    );
  }
  return { count, hasOwn };
}

async function askConcurrency(region: string) {
  const { AccountLimit } = await createClient(LambdaClient, { region }).send(
    new GetAccountSettingsCommand({}),
  );
  const { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved } = AccountLimit ?? {};
  if (limit === undefined || unreserved === undefined) throw new Error('AWS Lambda tells no limits');
  return { limit, unreserved };
}

async function askSpotRole(region: string): Promise<boolean> {
  try {
    await createClient(IAMClient, { region }).send(new GetRoleCommand({ RoleName: SPOT_ROLE }));
    return true;
  } catch (error) {
    if (isNamed(error, 'NoSuchEntityException') || isNamed(error, 'NoSuchEntity')) return false;
    throw error;
  }
}

async function askQuotas(region: string): Promise<AccountFacts['quotas']> {
  const client = createClient(ServiceQuotasClient, { region });
  const answers = await Promise.all(
    ASKED_QUOTAS.map(async (quota) => [
      quota.code,
      await asked('servicequotas:GetServiceQuota', () => askQuota(client, quota)),
    ]),
  );
  return Object.fromEntries(answers);
}

/** An account that has no value of its own has AWS's. */
async function askQuota(client: ServiceQuotasClient, { service, code }: Quota): Promise<number> {
  const which = { ServiceCode: service, QuotaCode: code };
  const { Quota } = await client.send(new GetServiceQuotaCommand(which)).catch((error) => {
    if (isNamed(error, 'NoSuchResourceException'))
      return client.send(new GetAWSDefaultServiceQuotaCommand(which));
    throw error;
  });
  if (Quota?.Value === undefined) throw new Error('Service Quotas tells no value');
  return Quota.Value;
}

/** @param action what the credentials must allow. */
async function asked<T>(action: string, ask: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { value: await ask() };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { unknown: DENIED.test(name) ? `your credentials do not allow ${action}` : message || name };
  }
}

const isNamed = (error: unknown, name: string) => error instanceof Error && error.name === name;

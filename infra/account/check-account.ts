// Compares the facts of an account with what a deployment needs. Each problem is something that AWS would refuse later, as far as it tells so beforehand, and comes with the
// command or the page of the console that mends it. Asks nobody.

import { type Check, passed } from '../../core/check.ts';
import { MACHINE_FAMILIES, type MachineFamilyName } from '../settings/machines.ts';
import { MOST_ZONES, type Settings } from '../settings/settings.ts';
import { type AccountFacts, type Asked, isKnown } from './account-facts.ts';
import type { DockerFacts } from './ask-docker.ts';
import { offeredFamilies, typesOf } from './offered-families.ts';
import {
  askForMore,
  BUILDS_QUOTA,
  type Capacity,
  CONCURRENCY_QUOTA,
  type MachineKind,
  NETWORKS_QUOTA,
  QUOTAS,
} from './quotas.ts';

/** The bootstrap stack that the CDK's assets need. */
const LEAST_BOOTSTRAP_VERSION = 6;
/** What AWS Lambda keeps for functions without a reservation; of a new account, all that it has. */
const LEAST_UNRESERVED = 100;
/** Requests at once that a new account may have. */
const NEW_CONCURRENCY = 10;
/** What an account has where nothing is wrong. */
const USUAL_CONCURRENCY = 1000;
/** A new account may allow a function no more MiB, which no service tells. */
const SURE_FUNCTION_MEMORY = 3008;
/** What the trainer's image is built for, as engines call it. */
const X86_64 = ['x86_64', 'amd64'];
/** The key that disks have where nobody chose another. */
const AWS_DISK_KEY = 'alias/aws/ebs';
/** What lets AWS build the image. */
const WITHOUT_DOCKER = '-c fovea:imageBuilder=codebuild';
const CAPACITY_WORDS: Readonly<Record<Capacity, string>> = { spot: 'Spot', 'on-demand': 'on demand' };

/** All checks of an account, in the order in which their problems are mended. */
export function checkAccount(facts: AccountFacts, settings: Settings): Check[] {
  return [
    checkCredentials(facts),
    checkRegion(facts),
    checkBootstrap(facts),
    ...(settings.queue === 'workers'
      ? []
      : [checkZones(facts, settings), checkMachines(facts, settings), ...checkTrainers(facts, settings)]),
    ...checkConcurrency(facts, settings),
    checkFunction(facts),
    ...checkMemory(facts, settings),
    ...checkCertificate(facts, settings),
  ];
}

function checkCredentials({ identity }: AccountFacts): Check {
  const name = 'credentials';
  return isKnown(identity)
    ? passed(name, `${identity.arn}, account ${identity.account}`)
    : { name, state: 'problem', ...identity };
}

function checkRegion({ region }: AccountFacts): Check {
  const name = 'region';
  return region === undefined
    ? {
        name,
        state: 'problem',
        found: 'None is set, and the CDK would take us-east-1',
        mend: 'export AWS_REGION=us-east-1, or that of your choice',
      }
    : passed(name, region);
}

function checkBootstrap({ bootstrapVersion, identity, region }: AccountFacts): Check {
  const name = 'bootstrap';
  if ('unknown' in bootstrapVersion) return notKnown(name, bootstrapVersion);
  const { value: version } = bootstrapVersion;
  if (version !== undefined && version >= LEAST_BOOTSTRAP_VERSION) return passed(name, `version ${version}`);
  return {
    name,
    state: 'problem',
    found:
      version === undefined
        ? 'The CDK has nowhere to put the code: its bootstrap stack is not in this account and region'
        : `The CDK's bootstrap stack has version ${version}, and must have ${LEAST_BOOTSTRAP_VERSION}`,
    mend: `npx cdk bootstrap aws://${isKnown(identity) ? identity.account : 'ACCOUNT'}/${region}`,
  };
}

function checkZones({ zones }: AccountFacts, { availabilityZones: wanted }: Settings): Check {
  const name = 'zones';
  if ('unknown' in zones) return notKnown(name, zones);
  const { length: count } = zones.value;
  return count >= wanted
    ? passed(name, `${wanted} of ${count}`)
    : {
        name,
        state: 'problem',
        found: `The region gives ${count}, and fovea:availabilityZones asks for ${wanted}. Where there is a default network, zones without a default subnet do not count`,
        mend: `-c fovea:availabilityZones=${count}`,
      };
}

function checkMachines(facts: AccountFacts, { trainerFamilies, availabilityZones }: Settings): Check {
  const name = 'machines';
  const { offers, zones, region } = facts;
  if ('unknown' in offers) return notKnown(name, offers);
  const { offered, leftOut } = offeredFamilies(trainerFamilies, facts);
  if (offered.length === 0)
    return {
      name,
      state: 'problem',
      found: `${region} offers none of ${leftOut.join(', ')}`,
      mend: 'Choose other families (-c fovea:trainerFamilies=c7i) or another region (export AWS_REGION=us-east-1)',
    };
  // The network spans the first zones of the region.
  const used = 'value' in zones ? zones.value.slice(0, availabilityZones) : undefined;
  const isWithin = (family: MachineFamilyName, among: readonly string[] | undefined) =>
    among === undefined ||
    typesOf(family).some((type) => offers.value[type]?.some((zone) => among.includes(zone)));
  const outside = offered.filter((family) => !isWithin(family, used));
  if (outside.length > 0) {
    const isWithinMore =
      'value' in zones && outside.every((family) => isWithin(family, zones.value.slice(0, MOST_ZONES)));
    return {
      name,
      state: offered.length > outside.length ? 'note' : 'problem',
      found: `No machine of ${outside.join(', ')} is offered in ${(used ?? []).join(', ')}, the zones of the network: jobs there would wait in vain`,
      mend: isWithinMore
        ? `-c fovea:availabilityZones=${MOST_ZONES}`
        : `-c fovea:trainerFamilies=${offered.filter((family) => !outside.includes(family)).join(',') || 'c7i'}`,
    };
  }
  if (leftOut.length === 0) return passed(name, offered.join(', '));
  const onlyCpu = offered.every((family) => kindOf(family) === 'CPU')
    ? ' Jobs train on processors alone.'
    : '';
  return {
    name,
    state: 'note',
    found: `${region} does not offer ${leftOut.join(', ')}. \`fovea deploy\` leaves ${leftOut.length === 1 ? 'it' : 'them'} out.${onlyCpu}`,
    mend: `For the CDK's own command: -c fovea:trainerFamilies=${offered.join(',')}`,
  };
}

const kindOf = (name: MachineFamilyName): MachineKind =>
  MACHINE_FAMILIES[name].gpuCount > 0 ? 'GPU' : 'CPU';

/** Quotas of machines, of the network and of builds, and the role for Spot. */
function checkTrainers(facts: AccountFacts, settings: Settings): Check[] {
  const { offered } = offeredFamilies(settings.trainerFamilies, facts);
  const capacities: readonly Capacity[] =
    settings.capacity === 'spot-then-on-demand' ? ['spot', 'on-demand'] : [settings.capacity];
  const ofKind = (kind: MachineKind) => offered.filter((family) => kindOf(family) === kind);
  const quotas = (['GPU', 'CPU'] as const)
    .filter((kind) => ofKind(kind).length > 0)
    .flatMap((kind) => checkQuotas(kind, ofKind(kind), capacities, facts, settings));
  return [
    ...quotas,
    ...(capacities.includes('spot') ? [checkSpotRole(facts)] : []),
    checkDisks(facts),
    checkNetwork(facts),
    ...(settings.imageBuilder === 'codebuild'
      ? [checkBuilds(facts, new Set(offered.map(kindOf)).size || 1)]
      : []),
  ];
}

function checkNetwork({ networks, quotas, region }: AccountFacts): Check {
  const name = 'network';
  const quota = quotas[NETWORKS_QUOTA.code] ?? { unknown: 'it was not asked for' };
  if ('unknown' in networks) return notKnown(name, networks);
  const { count, hasOwn } = networks.value;
  if (hasOwn) return passed(name, 'is there');
  if ('unknown' in quota) return notKnown(name, quota);
  return count < quota.value
    ? passed(name, `${count} of ${quota.value} are used`)
    : {
        name,
        state: 'problem',
        found: `The region has ${count} networks (VPCs) and allows ${quota.value}: there is no room for that of the trainers`,
        mend: `${askForMore(NETWORKS_QUOTA, count + 1, region)}; or delete one that nothing uses: aws ec2 describe-vpcs --region ${region}`,
      };
}

/** @param images how many are built at once. */
function checkBuilds({ quotas, region }: AccountFacts, images: number): Check {
  const name = 'CodeBuild';
  const asked = quotas[BUILDS_QUOTA.code] ?? { unknown: 'it was not asked for' };
  if ('unknown' in asked) return notKnown(name, asked);
  const { value } = asked;
  if (value >= images) return passed(name, `${value} builds at once`);
  return {
    name,
    state: value === 0 ? 'problem' : 'note',
    found:
      value === 0
        ? 'The account allows no builds: AWS CodeBuild cannot make the images'
        : `The account allows ${value} build at once, and ${images} images are built: AWS may refuse the second`,
    mend: `${askForMore(BUILDS_QUOTA, images, region)}; or ${value === 0 ? '-c fovea:imageBuilder=docker' : '-c fovea:trainerFamilies=c7i first'}`,
  };
}

function checkQuotas(
  kind: MachineKind,
  families: readonly MachineFamilyName[],
  capacities: readonly Capacity[],
  { quotas, region }: AccountFacts,
  { spotWaitMinutes }: Settings,
): Check[] {
  const bySize = families.map((family) => MACHINE_FAMILIES[family]).toSorted((a, b) => a.vcpus - b.vcpus);
  const [smallest] = bySize;
  const largest = bySize.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  const askedFor = (capacity: Capacity): Asked<number> =>
    quotas[QUOTAS[kind][capacity].code] ?? { unknown: 'it was not asked for' };
  const isTooFew = (capacity: Capacity) => {
    const asked = askedFor(capacity);
    return 'value' in asked && asked.value < smallest.vcpus;
  };
  const isNoneEnough = capacities.every(isTooFew);
  return capacities.map((capacity): Check => {
    const name = `${kind} ${CAPACITY_WORDS[capacity]}`;
    const asked = askedFor(capacity);
    if ('unknown' in asked) return notKnown(name, asked);
    const { value } = asked;
    const quota = QUOTAS[kind][capacity];
    const ask = (vcpus: number) =>
      `${askForMore(quota, vcpus, region)} ("${quota.title}"; AWS answers in hours or days)`;
    if (!isTooFew(capacity)) {
      if (value >= largest.vcpus)
        return passed(
          name,
          `${value} vCPUs: ${Math.floor(value / smallest.vcpus)} ${smallest.instanceType} at once`,
        );
      return {
        name,
        state: 'note',
        found: `${value} vCPUs are too few for one ${largest.instanceType}, which has ${largest.vcpus}`,
        mend: ask(largest.vcpus),
      };
    }
    const found = `${value} vCPUs, and one ${smallest.instanceType} has ${smallest.vcpus}`;
    if (isNoneEnough)
      return {
        name,
        state: 'problem',
        found: `${found}: no ${kind === 'GPU' ? 'machine with a GPU' : 'machine without a GPU'} can start`,
        mend: `${ask(smallest.vcpus)}${kind === 'GPU' ? '; or train on processors alone: -c fovea:trainerFamilies=c7i' : ''}`,
      };
    return capacity === 'spot'
      ? {
          name,
          state: 'note',
          found: `${found}: each job waits ${spotWaitMinutes} minutes for it in vain, and then starts on demand`,
          mend: `${ask(smallest.vcpus)}; or -c fovea:capacity=on-demand`,
        }
      : {
          name,
          state: 'note',
          found: `${found}: a job fails where no Spot machine comes`,
          mend: ask(smallest.vcpus),
        };
  });
}

function checkSpotRole({ hasSpotRole }: AccountFacts): Check {
  const name = 'Spot role';
  if ('unknown' in hasSpotRole) return notKnown(name, hasSpotRole);
  return hasSpotRole.value
    ? passed(name, 'is there')
    : {
        name,
        state: 'problem',
        found: 'The account has never used Spot: EC2 lacks the role by which it starts such machines',
        mend: 'aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
      };
}

/** What the settings take of the account's requests at once. */
function checkConcurrency(
  { concurrency, region }: AccountFacts,
  { functionConcurrency: reserved, provisionedConcurrency: provisioned }: Settings,
): Check[] {
  // Copies that are ready are within the reservation, where there is one.
  const [name, setting, wanted, without] =
    reserved === 'unreserved'
      ? (['ready copies', 'provisionedConcurrency', provisioned, '0'] as const)
      : (['reservation', 'functionConcurrency', reserved, 'unreserved'] as const);
  if (wanted === 0) return [];
  if ('unknown' in concurrency) return [notKnown(name, concurrency)];
  const { limit, unreserved } = concurrency.value;
  const least = Math.min(LEAST_UNRESERVED, limit);
  const ask = askForMore(CONCURRENCY_QUOTA, Math.max(USUAL_CONCURRENCY, wanted + LEAST_UNRESERVED), region);
  const possible = Math.max(0, limit - least);
  if (wanted > possible)
    return [
      {
        name,
        state: 'problem',
        found: `fovea:${setting}=${wanted} leaves ${Math.max(0, limit - wanted)} of the account's ${limit} requests at once, and AWS Lambda keeps ${least} for other functions`,
        mend: `-c fovea:${setting}=${possible === 0 ? without : possible}; or ${ask}`,
      },
    ];
  // What a deployed stack has taken is no longer unreserved, and its own.
  if (unreserved - wanted < least)
    return [
      {
        name,
        state: 'note',
        found: `Other functions, or this one, have taken ${limit - unreserved} of ${limit} requests at once: ${wanted} more may be too many`,
        mend: `aws lambda list-functions --region ${region}; or ${ask}`,
      },
    ];
  return [passed(name, `${wanted} of ${limit} requests at once`)];
}

function checkFunction({ concurrency, region }: AccountFacts): Check {
  const name = 'function';
  if ('unknown' in concurrency) return notKnown(name, concurrency);
  const { limit, unreserved } = concurrency.value;
  if (limit <= NEW_CONCURRENCY)
    return {
      name,
      state: 'note',
      found: `The account allows ${limit} requests at once; AWS Lambda refuses further ones with 429`,
      mend: askForMore(CONCURRENCY_QUOTA, USUAL_CONCURRENCY, region),
    };
  return passed(name, `${unreserved} of ${limit} requests at once are not reserved`);
}

/** AWS tells nobody beforehand how much memory it allows. An account with few requests at once is new. */
function checkMemory({ concurrency }: AccountFacts, { functionMemory }: Settings): Check[] {
  if (functionMemory <= SURE_FUNCTION_MEMORY) return [];
  const isNew = 'value' in concurrency && concurrency.value.limit <= NEW_CONCURRENCY;
  return [
    {
      name: 'memory',
      state: isNew ? 'note' : 'unknown',
      found: `Not known: whether the account allows ${functionMemory} MiB; a new one${isNew ? ', as this seems to be,' : ''} may be limited to ${SURE_FUNCTION_MEMORY}`,
      mend: `Where AWS refuses it: -c fovea:functionMemory=${SURE_FUNCTION_MEMORY}, or ask AWS Support for more`,
    },
  ];
}

/** Only the ARN is looked at. CloudFront refuses what is not issued or does not cover the domain. */
function checkCertificate({ identity }: AccountFacts, { domain, certificateArn }: Settings): Check[] {
  if (domain === undefined || certificateArn === undefined) return [];
  const name = 'certificate';
  const [, , , , account] = certificateArn.split(':');
  if (isKnown(identity) && account !== identity.account)
    return [
      {
        name,
        state: 'problem',
        found: `fovea:certificateArn is of account ${account}, and CloudFront takes only those of ${identity.account}`,
        mend: `aws acm request-certificate --domain-name ${domain} --validation-method DNS --region us-east-1`,
      },
    ];
  return [
    {
      name,
      state: 'unknown',
      found: `Not asked for: whether it is there, is issued, and covers ${domain}`,
      mend: `See Status ISSUED and the names: aws acm describe-certificate --certificate-arn ${certificateArn} --region us-east-1`,
    },
  ];
}

/** The roles by which AWS starts machines may use the key of AWS, and another only where somebody grants it. */
function checkDisks({ diskKey, identity }: AccountFacts): Check {
  const name = 'disks';
  if ('unknown' in diskKey) return notKnown(name, diskKey);
  const { value: key } = diskKey;
  if (key.endsWith(AWS_DISK_KEY)) return passed(name, 'the key of AWS encrypts them');
  const [, partition = 'aws'] = isKnown(identity) ? identity.arn.split(':') : [];
  const grantTo = (role: string) =>
    `aws kms create-grant --key-id ${key} --grantee-principal arn:${partition}:iam::${isKnown(identity) ? identity.account : 'ACCOUNT'}:role/aws-service-role/${role} --operations Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext CreateGrant DescribeKey ReEncryptFrom ReEncryptTo`;
  return {
    name,
    state: 'note',
    found: `The account encrypts disks by ${key}. Machines start only where the roles that start them may use that key, which is not known here`,
    mend: `${grantTo('autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling')}; and ${grantTo('spot.amazonaws.com/AWSServiceRoleForEC2Spot')}`,
  };
}

/** Checks what builds the trainer's image. */
export function checkDocker(
  docker: DockerFacts,
  { imageBuilder, queue }: Pick<Settings, 'imageBuilder' | 'queue'>,
): Check {
  const name = 'Docker';
  if (queue === 'workers') return passed(name, 'is not needed: workers bring their own trainers');
  if (imageBuilder === 'codebuild') return passed(name, 'is not needed: AWS CodeBuild builds the images');
  if (!('architecture' in docker))
    return {
      name,
      state: 'problem',
      found: `Nothing can build the trainer's image: ${docker.reason}`,
      mend: docker.isInstalled
        ? `Start it: Docker Desktop, or sudo systemctl start docker; or ${WITHOUT_DOCKER}`
        : `Install Docker (https://docs.docker.com/get-docker), or name another engine: export CDK_DOCKER=podman; or ${WITHOUT_DOCKER}`,
    };
  const { architecture } = docker;
  return X86_64.includes(architecture)
    ? passed(name, architecture)
    : {
        name,
        state: 'note',
        found: `It runs on ${architecture} and builds the trainer's image for x86-64 by emulation, in which TensorFlow stops where AVX is missing`,
        mend: WITHOUT_DOCKER,
      };
}

const notKnown = (name: string, { unknown }: { readonly unknown: string }): Check => ({
  name,
  state: 'unknown',
  found: `Not known: ${unknown}`,
  mend: null,
});

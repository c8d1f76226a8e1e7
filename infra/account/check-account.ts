// Compares the facts of an account with what a deployment needs. Each problem is something that AWS would refuse later, and comes with the
// command or the page of the console that mends it. Asks nobody.

import { type Check, passed } from '../../core/check.ts';
import { MACHINE_FAMILIES, type MachineFamilyName } from '../settings/machines.ts';
import { MOST_ZONES, type Settings } from '../settings/settings.ts';
import { type AccountFacts, type Asked, isKnown } from './account-facts.ts';
import type { DockerFacts } from './ask-docker.ts';
import { offeredFamilies, typesOf } from './offered-families.ts';
import { type Capacity, type MachineKind, QUOTA_SERVICE, QUOTAS } from './quotas.ts';

/** The bootstrap stack that the CDK's assets need. */
const LEAST_BOOTSTRAP_VERSION = 6;
/** What AWS Lambda keeps for functions without a reservation. */
const LEAST_UNRESERVED = 10;
/** A new account may allow a function no more MiB, which no service tells. */
const SURE_FUNCTION_MEMORY = 3008;
/** What the trainer's image is built for, as engines call it. */
const X86_64 = ['x86_64', 'amd64'];
/** What lets AWS build the image. */
const WITHOUT_DOCKER = '-c fovea:imageBuilder=codebuild';
const CAPACITY_WORDS: Readonly<Record<Capacity, string>> = { spot: 'Spot', 'on-demand': 'on demand' };

/** All checks of an account, in the order in which their problems are mended. */
export function checkAccount(facts: AccountFacts, settings: Settings): Check[] {
  return [
    checkCredentials(facts),
    checkRegion(facts),
    checkBootstrap(facts),
    checkZones(facts, settings),
    checkMachines(facts, settings),
    ...(settings.queue === 'workers' ? [] : checkTrainers(facts, settings)),
    checkFunction(facts, settings),
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
        found: `The region has ${count}, and fovea:availabilityZones asks for ${wanted}`,
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

/** Quotas, and the role for Spot. */
function checkTrainers(facts: AccountFacts, settings: Settings): Check[] {
  const { offered } = offeredFamilies(settings.trainerFamilies, facts);
  const capacities: readonly Capacity[] =
    settings.capacity === 'spot-then-on-demand' ? ['spot', 'on-demand'] : [settings.capacity];
  const ofKind = (kind: MachineKind) => offered.filter((family) => kindOf(family) === kind);
  const quotas = (['GPU', 'CPU'] as const)
    .filter((kind) => ofKind(kind).length > 0)
    .flatMap((kind) => checkQuotas(kind, ofKind(kind), capacities, facts, settings));
  return capacities.includes('spot') ? [...quotas, checkSpotRole(facts)] : quotas;
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
    const { code, title } = QUOTAS[kind][capacity];
    const ask = (vcpus: number) =>
      `aws service-quotas request-service-quota-increase --service-code ${QUOTA_SERVICE} --quota-code ${code} --desired-value ${vcpus} --region ${region} ("${title}"; AWS answers in hours or days)`;
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

function checkFunction(
  { concurrency, region }: AccountFacts,
  { functionConcurrency: reserved, functionMemory }: Settings,
): Check {
  const name = 'function';
  if ('unknown' in concurrency) return notKnown(name, concurrency);
  const { limit, unreserved } = concurrency.value;
  const ask = `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000 --region ${region}`;
  if (reserved !== 'unreserved' && limit - reserved < LEAST_UNRESERVED)
    return {
      name,
      state: 'problem',
      found: `fovea:functionConcurrency=${reserved} leaves ${Math.max(0, limit - reserved)} of the account's ${limit} requests at once, and AWS Lambda keeps ${LEAST_UNRESERVED} for other functions`,
      mend: `-c fovea:functionConcurrency=unreserved; or ${ask}`,
    };
  // What a deployed stack has reserved is no longer unreserved, and its own.
  if (reserved !== 'unreserved' && unreserved - reserved < LEAST_UNRESERVED)
    return {
      name,
      state: 'note',
      found: `Other functions, or this one, have reserved ${limit - unreserved} of ${limit} requests at once: ${reserved} more may be too many`,
      mend: `aws lambda list-functions --region ${region}; or ${ask}`,
    };
  if (limit <= LEAST_UNRESERVED)
    return {
      name,
      state: 'note',
      found: `The account allows ${limit} requests at once; AWS Lambda refuses further ones with 429`,
      mend: ask,
    };
  if (functionMemory > SURE_FUNCTION_MEMORY)
    return notKnown(name, {
      unknown: `whether the account allows ${functionMemory} MiB; a new one may be limited to ${SURE_FUNCTION_MEMORY}`,
    });
  return passed(name, `${unreserved} of ${limit} requests at once are not reserved`);
}

/** Checks what builds the trainer's image. */
export function checkDocker(docker: DockerFacts, { imageBuilder }: Pick<Settings, 'imageBuilder'>): Check {
  const name = 'Docker';
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

// What of the proof is in the account, and the command that removes it. It only asks.

import { ProgramError } from './programs.ts';
import type { Proof } from './proof.ts';
import { STACK } from './settings.ts';

/** Something that is there. */
export interface Remain {
  readonly what: string;
  readonly command: string;
  /** Whether it is shared with other stacks of the account, and so stays when the proof is removed. */
  readonly isShared?: boolean;
}

/** What is there, and what could not be asked for. */
export interface Remains {
  readonly found: readonly Remain[];
  /** Each with AWS's answer. */
  readonly unknown: readonly string[];
}

/** Name of the role by which AWS FIS interrupts a machine. */
export const INTERRUPTION_ROLE = `${STACK}-interruption`;
/** What the names of the stack's buckets begin with: CloudFormation writes them in small letters. */
const BUCKET_PREFIX = `${STACK.toLowerCase()}-`;
const USD_IMAGE_GB_MONTH = 0.1;
const BYTES_PER_GB = 1e9;

/** Asks for everything that the proof makes. */
export async function listRemains(proof: Proof): Promise<Remains> {
  const { isStandIn } = proof;
  const asks: readonly (readonly [string, (proof: Proof) => Promise<readonly Remain[]>])[] = [
    ['the stack', findStack],
    ['machines', findMachines],
    ['buckets', findBuckets],
    ['logs', findLogs],
    ['images', findImages],
    ['the role of AWS FIS', findRole],
    // No stand-in knows AWS FIS.
    ...(isStandIn ? [] : ([['templates of AWS FIS', findTemplates]] as const)),
  ];
  const unknown: string[] = [];
  const found = await Promise.all(
    asks.map(([what, ask]) =>
      ask(proof).catch((error: unknown) => {
        unknown.push(`${what}: ${error instanceof Error ? error.message : error}`);
        return [];
      }),
    ),
  );
  return { found: found.flat(), unknown };
}

/** @param absent what AWS says where there is no such thing. */
async function unlessAbsent<T>(asked: Promise<T>, absent: RegExp): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ProgramError && absent.test(error.message)) return undefined;
    throw error;
  }
}

/** Whether the stack is there, in whatever state. */
export async function findStack({ programs }: Proof): Promise<readonly Remain[]> {
  const answer = await unlessAbsent(
    programs.aws('cloudformation', 'describe-stacks', '--stack-name', STACK),
    /does not exist/,
  );
  return answer === undefined
    ? []
    : [
        {
          what: `the stack ${STACK} (${answer.Stacks[0].StackStatus})`,
          command: `npx cdk destroy ${STACK} -c stackName=${STACK}`,
        },
      ];
}

/** The ids of machines of the stack that are not gone, of those that `lifecycle` names: `spot`, or all. */
export async function machinesOf({ programs, notes }: Proof, lifecycle?: 'spot'): Promise<readonly string[]> {
  if (notes.vpc === undefined) return [];
  const filters = [
    `Name=vpc-id,Values=${notes.vpc}`,
    'Name=instance-state-name,Values=pending,running,stopping,stopped',
    ...(lifecycle === undefined ? [] : [`Name=instance-lifecycle,Values=${lifecycle}`]),
  ];
  return programs.aws(
    ...['ec2', 'describe-instances', '--filters', ...filters],
    ...['--query', 'Reservations[].Instances[].InstanceId'],
  );
}

const findMachines = async (proof: Proof): Promise<readonly Remain[]> =>
  (await machinesOf(proof)).map((id) => ({
    what: `the machine ${id}`,
    command: `aws ec2 terminate-instances --instance-ids ${id}`,
  }));

/** The buckets of the stack, also those of earlier deployments. */
export async function bucketsOf({ programs }: Proof): Promise<readonly string[]> {
  const query = `Buckets[?starts_with(Name, '${BUCKET_PREFIX}')].Name`;
  return (await programs.aws('s3api', 'list-buckets', '--query', query)) ?? [];
}

const findBuckets = async (proof: Proof): Promise<readonly Remain[]> =>
  (await bucketsOf(proof)).map((bucket) => ({
    what: `the bucket ${bucket}, US$ 0.023 a month for each GB`,
    command: `npm run remove-remains -- ${bucket} --delete`,
  }));

/** The names of the stack's log groups, which outlive it; also of those that AWS makes for its functions. */
export async function logGroupsOf({ programs }: Proof): Promise<readonly string[]> {
  const query = `logGroups[?contains(logGroupName, '${STACK}-')].logGroupName`;
  return programs.aws('logs', 'describe-log-groups', '--query', query);
}

const findLogs = async (proof: Proof): Promise<readonly Remain[]> =>
  (await logGroupsOf(proof)).map((name) => ({
    what: `the log group ${name}, US$ 0.03 a month for each GB`,
    command: `aws logs delete-log-group --log-group-name ${name}`,
  }));

async function findImages({ programs, notes }: Proof): Promise<readonly Remain[]> {
  const { account, region, images = '' } = notes;
  const tags = images.split(',').filter((tag) => tag !== '');
  const repository = `cdk-hnb659fds-container-assets-${account}-${region}`;
  const found = await Promise.all(
    tags.map((tag) =>
      unlessAbsent(
        programs.aws(
          'ecr',
          'describe-images',
          '--repository-name',
          repository,
          '--image-ids',
          `imageTag=${tag}`,
        ),
        /ImageNotFound|RepositoryNotFound/,
      ),
    ),
  );
  const bytes = found
    .flatMap((answer) => answer?.imageDetails ?? [])
    .map(({ imageSizeInBytes = 0 }) => imageSizeInBytes);
  if (bytes.length === 0) return [];
  const gb = bytes.reduce((sum, size) => sum + size, 0) / BYTES_PER_GB;
  return [
    {
      what: `${gb.toFixed(1)} GB of images in the repository of cdk bootstrap, US$ ${(gb * USD_IMAGE_GB_MONTH).toFixed(2)} a month`,
      command: 'npx cdk gc --unstable=gc   # removes what no stack of the account uses',
      isShared: true,
    },
  ];
}

/** Whether the role is there. */
export async function findRole({ programs }: Proof): Promise<readonly Remain[]> {
  const role = await unlessAbsent(
    programs.aws('iam', 'get-role', '--role-name', INTERRUPTION_ROLE),
    /NoSuchEntity/,
  );
  return role === undefined
    ? []
    : [
        {
          what: `the role ${INTERRUPTION_ROLE}, which costs nothing`,
          command: `aws iam delete-role-policy --role-name ${INTERRUPTION_ROLE} --policy-name interrupt; aws iam delete-role --role-name ${INTERRUPTION_ROLE}`,
        },
      ];
}

/** The ids of the proof's templates of experiments. */
export async function templatesOf({ programs }: Proof): Promise<readonly string[]> {
  const query = `experimentTemplates[?tags.stack=='${STACK}'].id`;
  return programs.aws('fis', 'list-experiment-templates', '--query', query);
}

const findTemplates = async (proof: Proof): Promise<readonly Remain[]> =>
  (await templatesOf(proof)).map((id) => ({
    what: `the template ${id} of AWS FIS, which costs nothing`,
    command: `aws fis delete-experiment-template --id ${id}`,
  }));

// The trainers: image, roles, and for each pool of machines a job definition and its queues.

import { DefaultStackSynthesizer, Duration, Fn, Size, Stack } from 'aws-cdk-lib';
import {
  Action,
  EcsEc2ContainerDefinition,
  EcsJobDefinition,
  type JobQueue,
  LinuxParameters,
  Reason,
} from 'aws-cdk-lib/aws-batch';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { type ContainerImage, LogDriver } from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type DeployedFleet, environment, exitCodes, workerThreads } from '../../core/environment.ts';
import { acknowledgeWildcard } from '../access/acknowledge-wildcard.ts';
import { allowTrainer } from '../access/bucket-access.ts';
import { type MachinePool, toMachinePools } from '../settings/machines.ts';
import type { Settings } from '../settings/settings.ts';
import { shortenedStackName } from '../settings/stack-name.ts';
import { STACK_TAG } from '../settings/tags.ts';
import type { DataBucket } from './data-bucket.ts';
import { MachinePoolEnvironment } from './machine-pool-environment.ts';
import { TrainerImage } from './trainer-image.ts';
import { TrainerMachine } from './trainer-machine.ts';
import { TrainerNetwork } from './trainer-network.ts';

/** The bucket that trainers work on, and the settings. */
export interface TrainerProps {
  readonly data: DataBucket;
  readonly settings: Settings;
}

/** Attempts at a job before it fails: Spot may reclaim a machine, and pulling the image may fail. */
const MOST_ATTEMPTS = 10;

/** The repository of `cdk bootstrap`. */
const BOOTSTRAP_REPOSITORY = `cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-container-assets-\${AWS::AccountId}-\${AWS::Region}`;

/** Everything that AWS Batch needs to run trainers. */
export class Trainer extends Construct {
  /** What the functions need to start trainers. */
  readonly fleet: DeployedFleet;
  readonly queues: readonly JobQueue[];
  /** Names without revision. */
  readonly jobDefinitionNames: readonly string[];
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, { data, settings }: TrainerProps) {
    super(scope, id);
    const pools = toMachinePools(settings.trainerFamilies, settings.usdPerHour);
    const imageOf = this.createImages(pools, settings);
    const machine = new TrainerMachine(this, 'Machine');
    const network = new TrainerNetwork(this, 'Network', settings);
    const jobRole = new Role(this, 'JobRole', {
      description: 'What a trainer may do: read datasets, write its job and its model',
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    allowTrainer(jobRole, data.bucket);
    const executionRole = new Role(this, 'ExecutionRole', {
      description: 'Lets the container agent pull the trainer image and write its logs',
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    acknowledgeWildcard(executionRole, '*', 'A login to the image registry is for the whole registry.');
    // Jobs of earlier revisions have images that Docker built.
    if (settings.imageBuilder === 'codebuild')
      Repository.fromRepositoryName(this, 'ImagesOfDocker', Fn.sub(BOOTSTRAP_REPOSITORY)).grantPull(
        executionRole,
      );
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: settings.logRetentionDays satisfies RetentionDays,
    });

    // A name of its own: permissions name it with all its revisions.
    const definitionName = ({ name }: MachinePool) =>
      `${shortenedStackName(Stack.of(this).stackName)}-${name}`;
    const jobDefinitionOf = (pool: MachinePool) =>
      new EcsJobDefinition(this, `Job-${pool.name}`, {
        jobDefinitionName: definitionName(pool),
        container: new EcsEc2ContainerDefinition(this, `Container-${pool.name}`, {
          image: imageOf(pool),
          jobRole,
          executionRole,
          cpu: pool.vcpus,
          memory: Size.mebibytes(pool.memoryMib),
          ...(pool.hasGpu ? { gpu: pool.gpuCount } : {}),
          environment: {
            [environment.storeUrl]: data.storeUrl,
            // The AWS SDK asks no metadata service for it, and older container agents do not tell it.
            AWS_REGION: Stack.of(this).region,
            // The trainer knows its machine. Should it not, a limit of cost holds all the same.
            [environment.machinePrices]: JSON.stringify(pool.prices),
            [environment.usdPerHour]: String(pool.mostUsdPerHour),
            [environment.workerThreads]: workerThreads(pool.vcpus),
          },
          linuxParameters: new LinuxParameters(this, `Linux-${pool.name}`, { initProcessEnabled: true }),
          logging: LogDriver.awsLogs({ logGroup: this.logGroup, streamPrefix: pool.name }),
        }),
        timeout: Duration.hours(settings.jobHours),
        propagateTags: true,
        // A version of a function names the revision that it was deployed with. It may answer after an update: during a canary or a rollback.
        skipDeregisterOnUpdate: true,
        retryAttempts: MOST_ATTEMPTS,
        retryStrategies: [
          { action: Action.RETRY, on: Reason.SPOT_INSTANCE_RECLAIMED },
          { action: Action.RETRY, on: Reason.custom({ onExitCode: String(exitCodes.released) }) },
          { action: Action.RETRY, on: Reason.CANNOT_PULL_CONTAINER },
          { action: Action.EXIT, on: Reason.custom({ onReason: '*' }) },
        ],
      });

    const parts = pools.map((pool) => {
      const { queues } = new MachinePoolEnvironment(this, `Pool-${pool.name}`, {
        ...settings,
        pool,
        network,
        launchTemplate: machine.launchTemplate,
        instanceRole: machine.instanceRole,
      });
      return { pool, queues, jobDefinition: jobDefinitionOf(pool) };
    });
    this.queues = parts.flatMap(({ queues }) => queues.map(({ queue }) => queue));
    this.jobDefinitionNames = pools.map(definitionName);
    const { partition, region, account, stackName } = Stack.of(this);
    this.fleet = {
      batch: `arn:${partition}:batch:${region}:${account}`,
      tags: { [STACK_TAG]: stackName },
      logGroup: this.logGroup.logGroupName,
      pools: parts.map(({ pool, queues, jobDefinition }) => ({
        name: pool.name,
        definition: nameIn(jobDefinition.jobDefinitionArn),
        queues: Object.fromEntries(
          queues.map(({ capacity, queue }) => [capacity, nameIn(queue.jobQueueArn)]),
        ),
        usdPerHour: pool.usdPerHour,
        mostUsdPerHour: pool.mostUsdPerHour,
        ...(pool.isPriceGiven ? { isPriceGiven: true } : {}),
        machine: {
          ...pool.machine,
          ...(pool.hasGpu && settings.importedOnGpu ? { importedOnGpu: true } : {}),
        },
      })),
    };
  }

  /** The image for each kind of machine that there is. One for processors carries no CUDA libraries. */
  private createImages(
    pools: readonly MachinePool[],
    { importedOnGpu, imageBuilder: builder, logRetentionDays }: Settings,
  ): (pool: MachinePool) => ContainerImage {
    const isMixed = new Set(pools.map(({ hasGpu }) => hasGpu)).size > 1;
    const images: { gpu?: ContainerImage; cpu?: ContainerImage } = {};
    return ({ hasGpu }) => {
      const variant = hasGpu ? 'gpu' : 'cpu';
      // The only image of a stack has one name, whichever it is.
      const id = isMixed && !hasGpu ? 'CpuImage' : 'Image';
      images[variant] ??= new TrainerImage(this, id, {
        variant,
        imported: hasGpu && importedOnGpu,
        builder,
        logRetentionDays,
      }).image;
      return images[variant];
    };
  }
}

/** The variable by which a function is told of the trainers; none where there are none. */
export const fleetVariable = (trainer: Trainer | undefined): Readonly<Record<string, string>> =>
  trainer === undefined ? {} : { [environment.trainerFleet]: Stack.of(trainer).toJsonString(trainer.fleet) };

/** What follows the slash of an ARN. */
const nameIn = (arn: string): string => Fn.select(1, Fn.split('/', arn));

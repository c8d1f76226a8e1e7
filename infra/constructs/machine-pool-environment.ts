// One pool of machines on AWS Batch: compute environments that are empty while nothing runs, and the queues before them.

import { Duration } from 'aws-cdk-lib';
import {
  AllocationStrategy,
  CfnComputeEnvironment,
  CfnJobQueue,
  EcsMachineImageType,
  JobQueue,
  JobStateTimeLimitActionsReason,
  ManagedEc2EcsComputeEnvironment,
} from 'aws-cdk-lib/aws-batch';
import { InstanceType, type LaunchTemplate } from 'aws-cdk-lib/aws-ec2';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { MachinePool } from '../settings/machines.ts';
import type { Settings } from '../settings/settings.ts';
import type { TrainerNetwork } from './trainer-network.ts';

/** The machines of a pool, how many may run, and what all machines share. */
export interface MachinePoolEnvironmentProps {
  readonly pool: MachinePool;
  readonly capacity: Settings['capacity'];
  readonly spotWaitMinutes: number;
  readonly maxVcpus: number;
  readonly network: TrainerNetwork;
  readonly launchTemplate: LaunchTemplate;
  readonly instanceRole: IRole;
}

/** A queue, and the kind of capacity behind it. */
export interface PoolQueue {
  readonly capacity: 'spot' | 'on-demand';
  readonly queue: JobQueue;
}

/** How long a job waits for an on-demand machine before it fails. */
const ON_DEMAND_WAIT = Duration.hours(2);
/** The shortest time that AWS Batch allows; a job that fits no machine will not fit one later. */
const MISCONFIGURED_WAIT = Duration.minutes(10);

/** The compute environments and queues of one pool. A job tries the queues in their order. */
export class MachinePoolEnvironment extends Construct {
  readonly queues: readonly PoolQueue[];

  constructor(scope: Construct, id: string, props: MachinePoolEnvironmentProps) {
    super(scope, id);
    const kinds =
      props.capacity === 'spot-then-on-demand' ? (['spot', 'on-demand'] as const) : [props.capacity];
    this.queues = kinds.map((capacity) => ({ capacity, queue: this.createQueue(capacity, props) }));
  }

  private createQueue(capacity: PoolQueue['capacity'], props: MachinePoolEnvironmentProps): JobQueue {
    const isSpot = capacity === 'spot';
    const { pool, network } = props;
    const name = isSpot ? 'Spot' : 'OnDemand';
    const computeEnvironment = new ManagedEc2EcsComputeEnvironment(this, `${name}Machines`, {
      vpc: network.vpc,
      securityGroups: [network.securityGroup],
      instanceRole: props.instanceRole,
      // On demand AWS Batch would start the largest: it goes by the price of a vCPU, of which a job needs no more.
      instanceTypes: (isSpot ? Object.keys(pool.prices) : pool.smallestTypes).map(
        (type) => new InstanceType(type),
      ),
      useOptimalInstanceClasses: false,
      images: [
        { imageType: pool.hasGpu ? EcsMachineImageType.ECS_AL2023_NVIDIA : EcsMachineImageType.ECS_AL2023 },
      ],
      updateToLatestImageVersion: true,
      launchTemplate: props.launchTemplate,
      minvCpus: 0,
      maxvCpus: props.maxVcpus,
      spot: isSpot,
      allocationStrategy: isSpot
        ? AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED
        : AllocationStrategy.BEST_FIT_PROGRESSIVE,
      // A change of the machines waits for the jobs on them.
      terminateOnUpdate: false,
      updateTimeout: Duration.hours(1),
    });
    pinLaunchTemplateVersion(computeEnvironment, props.launchTemplate);
    const queue = new JobQueue(this, `${name}Queue`, {
      computeEnvironments: [{ computeEnvironment, order: 1 }],
      jobStateTimeLimitActions: [
        {
          reason: JobStateTimeLimitActionsReason.INSUFFICIENT_INSTANCE_CAPACITY,
          maxTime: isSpot ? Duration.minutes(props.spotWaitMinutes) : ON_DEMAND_WAIT,
        },
        {
          reason: JobStateTimeLimitActionsReason.COMPUTE_ENVIRONMENT_MAX_RESOURCE,
          maxTime: MISCONFIGURED_WAIT,
        },
        { reason: JobStateTimeLimitActionsReason.JOB_RESOURCE_REQUIREMENT, maxTime: MISCONFIGURED_WAIT },
      ],
    });
    addTimeLimit(queue, 'MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED', MISCONFIGURED_WAIT);
    return queue;
  }
}

/** Adds a limit for a reason that the CDK's class has no name for. */
function addTimeLimit(queue: JobQueue, reason: string, maxTime: Duration): void {
  const resource = queue.node.defaultChild;
  if (!(resource instanceof CfnJobQueue)) throw new TypeError('The queue has no resource.');
  const { jobStateTimeLimitActions: limits } = resource;
  if (!Array.isArray(limits)) throw new TypeError('The queue has no time limits.');
  const limit = { action: 'CANCEL', state: 'RUNNABLE', reason, maxTimeSeconds: maxTime.toSeconds() };
  resource.jobStateTimeLimitActions = [...limits, limit];
}

/** Names the template's version, so that a changed template reaches the machines; otherwise AWS Batch stays at the first. */
function pinLaunchTemplateVersion(
  environment: ManagedEc2EcsComputeEnvironment,
  template: LaunchTemplate,
): void {
  const resource = environment.node.defaultChild;
  if (!(resource instanceof CfnComputeEnvironment))
    throw new TypeError('The compute environment has no resource.');
  resource.addPropertyOverride('ComputeResources.LaunchTemplate.Version', template.latestVersionNumber);
}

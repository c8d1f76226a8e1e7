// AWS's quotas that bound what a deployment makes and runs, as data. Those of machines count vCPUs of a region.

/** Kinds of machines, as EC2 counts them. */
export type MachineKind = 'GPU' | 'CPU';
/** How a machine is paid for. */
export type Capacity = 'spot' | 'on-demand';

/** A quota of a service. */
export interface Quota {
  /** The service, as Service Quotas names it. */
  readonly service: 'codebuild' | 'ec2' | 'lambda' | 'vpc';
  readonly code: string;
  /** As the console has it. */
  readonly title: string;
}

/** The quotas by kind and capacity. The families g4dn, g5, g6 and g6e are of the first, c7i and m7i of the second. */
export const QUOTAS: Readonly<Record<MachineKind, Readonly<Record<Capacity, Quota>>>> = {
  GPU: {
    spot: { service: 'ec2', code: 'L-3819A6DF', title: 'All G and VT Spot Instance Requests' },
    'on-demand': { service: 'ec2', code: 'L-DB2E81BA', title: 'Running On-Demand G and VT instances' },
  },
  CPU: {
    spot: {
      service: 'ec2',
      code: 'L-34B43A08',
      title: 'All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests',
    },
    'on-demand': {
      service: 'ec2',
      code: 'L-1216C47A',
      title: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances',
    },
  },
};

/** Networks of a region: the stack makes one for its trainers. */
export const NETWORKS_QUOTA: Quota = { service: 'vpc', code: 'L-F678F1CE', title: 'VPCs per Region' };

/** Builds at once, of the size by which AWS CodeBuild makes the trainers' images. */
export const BUILDS_QUOTA: Quota = {
  service: 'codebuild',
  code: 'L-9D07B6EF',
  title: 'Concurrently running builds for Linux/Small environment',
};

/** Requests at once of all functions. It is asked for elsewhere: AWS Lambda tells it itself. */
export const CONCURRENCY_QUOTA: Quota = {
  service: 'lambda',
  code: 'L-B99A9384',
  title: 'Concurrent executions',
};

/** The command that asks AWS for more of a quota. */
export const askForMore = ({ service, code }: Quota, value: number, region: string | undefined): string =>
  `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${value} --region ${region}`;

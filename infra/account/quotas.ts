// AWS's quotas that bound how many trainer machines may run, as data. All of them count vCPUs of a region.

/** Kinds of machines, as EC2 counts them. */
export type MachineKind = 'GPU' | 'CPU';
/** How a machine is paid for. */
export type Capacity = 'spot' | 'on-demand';

/** A quota of Amazon EC2. */
export interface Quota {
  readonly code: string;
  /** As the console has it. */
  readonly title: string;
}

/** The quotas by kind and capacity. The families g4dn, g5, g6 and g6e are of the first, c7i and m7i of the second. */
export const QUOTAS: Readonly<Record<MachineKind, Readonly<Record<Capacity, Quota>>>> = {
  GPU: {
    spot: { code: 'L-3819A6DF', title: 'All G and VT Spot Instance Requests' },
    'on-demand': { code: 'L-DB2E81BA', title: 'Running On-Demand G and VT instances' },
  },
  CPU: {
    spot: { code: 'L-34B43A08', title: 'All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests' },
    'on-demand': {
      code: 'L-1216C47A',
      title: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances',
    },
  },
};

/** The service of those quotas, as Service Quotas names it. */
export const QUOTA_SERVICE = 'ec2';

// EC2 machines on which trainers run, and their prices, as data: the one table of prices. Knows no network and no stack.

import { GPUS, type GpuName } from './gpus.ts';

/** The smallest machine of a family, or the smallest with several GPUs. */
export interface Machine {
  readonly instanceType: string;
  /** Absent for families without GPU. */
  readonly gpu?: GpuName;
  /** GPUs of the machine. A job uses all of them. */
  readonly gpuCount: number;
  readonly vcpus: number;
  readonly memoryGib: number;
  /** On-demand price for Linux, in US dollars an hour. */
  readonly usdPerHour: number;
  /** The same of larger machines of the family with as many GPUs, by their type: AWS may start one where no smaller one is free. */
  readonly larger?: Readonly<Record<string, number>>;
}

/** Date and region of the prices in the table. Prices change, so a plan takes other ones, too. */
export const PRICES_AS_OF = { date: '2025-11-01', region: 'us-east-1' } as const;

/** The smallest machine of each family, by family, and those with several GPUs, by their type. */
export const MACHINES = {
  g4dn: {
    instanceType: 'g4dn.xlarge',
    gpu: 'T4',
    gpuCount: 1,
    vcpus: 4,
    memoryGib: 16,
    usdPerHour: 0.526,
    larger: { 'g4dn.2xlarge': 0.752, 'g4dn.4xlarge': 1.204 },
  },
  g5: {
    instanceType: 'g5.xlarge',
    gpu: 'A10G',
    gpuCount: 1,
    vcpus: 4,
    memoryGib: 16,
    usdPerHour: 1.006,
    larger: { 'g5.2xlarge': 1.212, 'g5.4xlarge': 1.624 },
  },
  g6: {
    instanceType: 'g6.xlarge',
    gpu: 'L4',
    gpuCount: 1,
    vcpus: 4,
    memoryGib: 16,
    usdPerHour: 0.8048,
    larger: { 'g6.2xlarge': 0.9776, 'g6.4xlarge': 1.3232 },
  },
  g6e: {
    instanceType: 'g6e.xlarge',
    gpu: 'L40S',
    gpuCount: 1,
    vcpus: 4,
    memoryGib: 32,
    usdPerHour: 1.861,
    larger: { 'g6e.2xlarge': 2.24208, 'g6e.4xlarge': 3.00424 },
  },
  'g4dn.12xlarge': {
    instanceType: 'g4dn.12xlarge',
    gpu: 'T4',
    gpuCount: 4,
    vcpus: 48,
    memoryGib: 192,
    usdPerHour: 3.912,
  },
  'g5.12xlarge': {
    instanceType: 'g5.12xlarge',
    gpu: 'A10G',
    gpuCount: 4,
    vcpus: 48,
    memoryGib: 192,
    usdPerHour: 5.672,
  },
  'g6.12xlarge': {
    instanceType: 'g6.12xlarge',
    gpu: 'L4',
    gpuCount: 4,
    vcpus: 48,
    memoryGib: 192,
    usdPerHour: 4.6016,
  },
  'g6e.12xlarge': {
    instanceType: 'g6e.12xlarge',
    gpu: 'L40S',
    gpuCount: 4,
    vcpus: 48,
    memoryGib: 384,
    usdPerHour: 10.49264,
  },
  p4d: {
    instanceType: 'p4d.24xlarge',
    gpu: 'A100',
    gpuCount: 8,
    vcpus: 96,
    memoryGib: 1152,
    usdPerHour: 21.957642,
  },
  p5: { instanceType: 'p5.4xlarge', gpu: 'H100', gpuCount: 1, vcpus: 16, memoryGib: 256, usdPerHour: 6.88 },
  c7i: {
    instanceType: 'c7i.2xlarge',
    gpuCount: 0,
    vcpus: 8,
    memoryGib: 16,
    usdPerHour: 0.357,
    larger: { 'c7i.4xlarge': 0.714 },
  },
  m7i: {
    instanceType: 'm7i.2xlarge',
    gpuCount: 0,
    vcpus: 8,
    memoryGib: 32,
    usdPerHour: 0.4032,
    larger: { 'm7i.4xlarge': 0.8064 },
  },
} as const satisfies Readonly<Record<string, Machine>>;

/**
 * The machine with the given GPU that costs the least an hour.
 * @throws {TypeError} where no machine has it.
 */
export function cheapestMachineWith(gpu: GpuName): Machine {
  const machines: readonly Machine[] = Object.values(MACHINES);
  const [cheapest] = machines
    .filter((machine) => machine.gpu === gpu)
    .toSorted((a, b) => a.usdPerHour - b.usdPerHour);
  if (cheapest === undefined) throw new TypeError(`No machine of the table has the GPU ${gpu}.`);
  return cheapest;
}

/** Memory of a machine's GPU in GB; 0 where it has none. */
export const gpuMemoryGbOf = ({ gpu }: Machine): number =>
  GPUS.find(({ name }) => name === gpu)?.memoryGb ?? 0;

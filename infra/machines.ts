// What is known of the EC2 families that trainers run on, as data. A family is added by adding a row.

/** Facts of a family's smallest instance, on which a job must fit. */
export interface MachineFamily {
  /** 0 for families without GPU. */
  readonly gpuMemoryGib: number;
  readonly vcpus: number;
  readonly memoryGib: number;
  /** On-demand, of the smallest instance, in US dollars. */
  readonly usdPerHour: number;
  /** Sizes with at most one GPU, so that no job pays for GPUs that it does not use. */
  readonly sizes: readonly string[];
}

/** Date and region of the prices below. */
export const PRICES_AS_OF = { date: '2025-11-01', region: 'us-east-1' } as const;

const ONE_GPU_SIZES = ['xlarge', '2xlarge', '4xlarge'];

export const MACHINE_FAMILIES = {
  /** T4 */
  g4dn: { gpuMemoryGib: 16, vcpus: 4, memoryGib: 16, usdPerHour: 0.526, sizes: ONE_GPU_SIZES },
  /** A10G */
  g5: { gpuMemoryGib: 24, vcpus: 4, memoryGib: 16, usdPerHour: 1.006, sizes: ONE_GPU_SIZES },
  /** L4 */
  g6: { gpuMemoryGib: 24, vcpus: 4, memoryGib: 16, usdPerHour: 0.8048, sizes: ONE_GPU_SIZES },
  /** L40S */
  g6e: { gpuMemoryGib: 48, vcpus: 4, memoryGib: 32, usdPerHour: 1.861, sizes: ONE_GPU_SIZES },
  c7i: { gpuMemoryGib: 0, vcpus: 8, memoryGib: 16, usdPerHour: 0.357, sizes: ['2xlarge', '4xlarge'] },
  m7i: { gpuMemoryGib: 0, vcpus: 8, memoryGib: 32, usdPerHour: 0.4032, sizes: ['2xlarge', '4xlarge'] },
} as const satisfies Readonly<Record<string, MachineFamily>>;

export type MachineFamilyName = keyof typeof MACHINE_FAMILIES;

export const MACHINE_FAMILY_NAMES = Object.keys(MACHINE_FAMILIES) as readonly MachineFamilyName[];

/** Machines with the same GPU memory: what fits one fits all. */
export interface MachinePool {
  /** E.g. `gpu-16gb`, or `cpu`. */
  readonly name: string;
  readonly hasGpu: boolean;
  /** E.g. `g5.xlarge`. */
  readonly instanceTypes: readonly string[];
  /** What a job asks for; fits the smallest instance of every family in the pool. */
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly usdPerHour: number;
}

/** The container agent, the driver and the kernel keep some memory; a job that asks for all of it never starts. */
const USABLE_MEMORY = 7 / 8;
const MIB_PER_GIB = 1024;

/** Groups families by GPU memory, smallest first. */
export function toMachinePools(names: readonly MachineFamilyName[]): MachinePool[] {
  const families = names.map((name) => ({ name, ...(MACHINE_FAMILIES[name] satisfies MachineFamily) }));
  const gpuMemories = [...new Set(families.map(({ gpuMemoryGib }) => gpuMemoryGib))].sort((a, b) => a - b);
  return gpuMemories.map((gpuMemoryGib) => {
    const alike = families.filter((family) => family.gpuMemoryGib === gpuMemoryGib);
    return {
      name: gpuMemoryGib === 0 ? 'cpu' : `gpu-${gpuMemoryGib}gb`,
      hasGpu: gpuMemoryGib > 0,
      instanceTypes: alike.flatMap(({ name, sizes }) => sizes.map((size) => `${name}.${size}`)),
      vcpus: Math.min(...alike.map(({ vcpus }) => vcpus)),
      memoryMib: Math.floor(
        Math.min(...alike.map(({ memoryGib }) => memoryGib)) * MIB_PER_GIB * USABLE_MEMORY,
      ),
      usdPerHour: Math.min(...alike.map(({ usdPerHour }) => usdPerHour)),
    };
  });
}

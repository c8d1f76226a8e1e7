// The EC2 families on which trainers may run here. A new row adds a family; core/pricing has the facts and prices of its
// machines.

import type { TrainerPool } from '../../core/environment.ts';
import { gpuMemoryGbOf, MACHINES, type Machine, PRICES_AS_OF } from '../../core/pricing/machines.ts';

/** A family of EC2 instances, with the facts of its smallest instance, on which a job must fit. */
export interface MachineFamily extends Omit<Machine, 'gpuCount'> {
  /** 0 for families without GPU. */
  readonly gpuMemoryGib: number;
  /** Sizes with at most one GPU, so that no job pays for GPUs that it does not use. */
  readonly sizes: readonly string[];
}

const family = (machine: Machine, sizes: readonly string[]): MachineFamily => ({
  ...machine,
  gpuMemoryGib: gpuMemoryGbOf(machine),
  sizes,
});

const ONE_GPU_SIZES = ['xlarge', '2xlarge', '4xlarge'];
const CPU_SIZES = ['2xlarge', '4xlarge'];

/** The families by their names. */
export const MACHINE_FAMILIES = {
  g4dn: family(MACHINES.g4dn, ONE_GPU_SIZES),
  g5: family(MACHINES.g5, ONE_GPU_SIZES),
  g6: family(MACHINES.g6, ONE_GPU_SIZES),
  g6e: family(MACHINES.g6e, ONE_GPU_SIZES),
  c7i: family(MACHINES.c7i, CPU_SIZES),
  m7i: family(MACHINES.m7i, CPU_SIZES),
} as const;

/** The name of a family, e.g. `g5`. */
export type MachineFamilyName = keyof typeof MACHINE_FAMILIES;

/** The names that the setting `trainerFamilies` allows. */
export const MACHINE_FAMILY_NAMES = Object.keys(MACHINE_FAMILIES) as readonly MachineFamilyName[];

/** Machines with the same GPU memory: a job that fits one fits all. */
export interface MachinePool {
  /** E.g. `gpu-16gb`, or `cpu`. */
  readonly name: string;
  readonly hasGpu: boolean;
  /** E.g. `g5.xlarge`. */
  readonly instanceTypes: readonly string[];
  /** Processors that a job asks for; like `memoryMib`, they fit the smallest instance of every family in the pool. */
  readonly vcpus: number;
  readonly memoryMib: number;
  /** Price of the cheapest family's smallest machine. */
  readonly usdPerHour: number;
  readonly machine: TrainerPool['machine'];
}

/** Prices of families' smallest machines in US dollars an hour, which replace those of the table. */
export type MachinePrices = Readonly<Partial<Record<MachineFamilyName, number>>>;

/** The container agent, the driver and the kernel keep some memory; a job that asks for all of it never starts. */
const USABLE_MEMORY = 7 / 8;
const MIB_PER_GIB = 1024;

/**
 * Groups families by GPU memory, smallest first.
 */
export function toMachinePools(
  names: readonly MachineFamilyName[],
  prices: MachinePrices = {},
): MachinePool[] {
  const families = names.map((name) => {
    const known: MachineFamily = MACHINE_FAMILIES[name];
    return { ...known, name, usdPerHour: prices[name] ?? known.usdPerHour, isGiven: name in prices };
  });
  const gpuMemories = [...new Set(families.map(({ gpuMemoryGib }) => gpuMemoryGib))].sort((a, b) => a - b);
  return gpuMemories.map((gpuMemoryGib) => {
    const alike = families
      .filter((family) => family.gpuMemoryGib === gpuMemoryGib)
      .toSorted((a, b) => a.usdPerHour - b.usdPerHour);
    const [cheapest] = alike;
    if (cheapest === undefined) throw new RangeError(`No family has ${gpuMemoryGib} GB.`);
    const { instanceType, usdPerHour, isGiven } = cheapest;
    return {
      name: gpuMemoryGib === 0 ? 'cpu' : `gpu-${gpuMemoryGib}gb`,
      hasGpu: gpuMemoryGib > 0,
      instanceTypes: alike.flatMap(({ name, sizes }) => sizes.map((size) => `${name}.${size}`)),
      vcpus: Math.min(...alike.map(({ vcpus }) => vcpus)),
      memoryMib: Math.floor(
        Math.min(...alike.map(({ memoryGib }) => memoryGib)) * MIB_PER_GIB * USABLE_MEMORY,
      ),
      usdPerHour,
      machine: {
        name: instanceType,
        gpu: cheapest.gpu,
        vcpus: cheapest.vcpus,
        priceBasis: isGiven
          ? `The price is the one that fovea:usdPerHour gives for ${instanceType}.`
          : `On-demand price of ${instanceType} in ${PRICES_AS_OF.region} on ${PRICES_AS_OF.date}; Spot machines often cost less than half.`,
      },
    };
  });
}

// The EC2 families on which trainers may run here, and machines with several GPUs. A new row adds one; core/pricing has the
// facts and prices.

import type { TrainerPool } from '../../core/environment.ts';
import { gpuMemoryGbOf, MACHINES, type Machine, PRICES_AS_OF } from '../../core/pricing/machines.ts';

/** A family of EC2 instances, with the facts of its smallest instance, on which a job must fit. */
export interface MachineFamily extends Machine {
  /** Memory of one GPU; 0 for families without. */
  readonly gpuMemoryGib: number;
  /** Its machines with this number of GPUs. */
  readonly instanceTypes: readonly string[];
}

/** @param sizes Those with as many GPUs as the machine; by default the machine alone. */
function family(machine: Machine, sizes?: readonly string[]): MachineFamily {
  const [name = ''] = machine.instanceType.split('.');
  return {
    ...machine,
    gpuMemoryGib: gpuMemoryGbOf(machine),
    instanceTypes: sizes?.map((size) => `${name}.${size}`) ?? [machine.instanceType],
  };
}

const ONE_GPU_SIZES = ['xlarge', '2xlarge', '4xlarge'];
const CPU_SIZES = ['2xlarge', '4xlarge'];

/** The families by their names. */
export const MACHINE_FAMILIES = {
  g4dn: family(MACHINES.g4dn, ONE_GPU_SIZES),
  g5: family(MACHINES.g5, ONE_GPU_SIZES),
  g6: family(MACHINES.g6, ONE_GPU_SIZES),
  g6e: family(MACHINES.g6e, ONE_GPU_SIZES),
  'g4dn.12xlarge': family(MACHINES['g4dn.12xlarge']),
  'g5.12xlarge': family(MACHINES['g5.12xlarge']),
  'g6.12xlarge': family(MACHINES['g6.12xlarge']),
  'g6e.12xlarge': family(MACHINES['g6e.12xlarge']),
  c7i: family(MACHINES.c7i, CPU_SIZES),
  m7i: family(MACHINES.m7i, CPU_SIZES),
} as const;

/** The name of a family, e.g. `g5`, or of a machine with several GPUs, e.g. `g5.12xlarge`. */
export type MachineFamilyName = keyof typeof MACHINE_FAMILIES;

/** The names that the setting `trainerFamilies` allows. */
export const MACHINE_FAMILY_NAMES = Object.keys(MACHINE_FAMILIES) as readonly MachineFamilyName[];

/** Machines with as many GPUs of the same memory: a job that fits one fits all. */
export interface MachinePool {
  /** E.g. `gpu-16gb`, `gpu-4x16gb` or `cpu`. */
  readonly name: string;
  readonly hasGpu: boolean;
  /** GPUs of a machine, all of which a job asks for. */
  readonly gpuCount: number;
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
 * Groups families by the memory of a GPU and by their number, smallest first.
 */
export function toMachinePools(
  names: readonly MachineFamilyName[],
  prices: MachinePrices = {},
): MachinePool[] {
  const families = names
    .map((name) => {
      const known: MachineFamily = MACHINE_FAMILIES[name];
      return { ...known, usdPerHour: prices[name] ?? known.usdPerHour, isGiven: name in prices };
    })
    .toSorted((a, b) => a.gpuMemoryGib - b.gpuMemoryGib || a.gpuCount - b.gpuCount);
  return [...new Set(families.map(poolName))].map((name) => {
    const alike = families
      .filter((family) => poolName(family) === name)
      .toSorted((a, b) => a.usdPerHour - b.usdPerHour);
    const [cheapest] = alike;
    if (cheapest === undefined) throw new RangeError(`No family is in the pool ${name}.`);
    const { instanceType, gpu, gpuCount, usdPerHour, isGiven } = cheapest;
    return {
      name,
      hasGpu: gpuCount > 0,
      gpuCount,
      instanceTypes: alike.flatMap(({ instanceTypes }) => instanceTypes),
      vcpus: Math.min(...alike.map(({ vcpus }) => vcpus)),
      memoryMib: Math.floor(
        Math.min(...alike.map(({ memoryGib }) => memoryGib)) * MIB_PER_GIB * USABLE_MEMORY,
      ),
      usdPerHour,
      machine: {
        name: instanceType,
        gpu,
        ...(gpuCount > 1 ? { gpuCount } : {}),
        vcpus: cheapest.vcpus,
        priceBasis: isGiven
          ? `The price is the one that fovea:usdPerHour gives for ${instanceType}.`
          : `On-demand price of ${instanceType} in ${PRICES_AS_OF.region} on ${PRICES_AS_OF.date}; Spot machines often cost less than half.`,
      },
    };
  });
}

function poolName({ gpuMemoryGib, gpuCount }: MachineFamily): string {
  if (gpuCount === 0) return 'cpu';
  return `gpu-${gpuCount > 1 ? `${gpuCount}x` : ''}${gpuMemoryGib}gb`;
}

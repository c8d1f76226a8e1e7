// The EC2 families on which trainers may run here, and machines with several GPUs. A new row adds one; core/pricing has the
// facts and prices.

import type { DeployedPool } from '../../core/environment.ts';
import { gpuMemoryGbOf, MACHINES, type Machine } from '../../core/pricing/machines.ts';

/** A family of EC2 instances, with the facts of its smallest instance, on which a job must fit. */
export interface MachineFamily extends Machine {
  /** Memory of one GPU; 0 for families without. */
  readonly gpuMemoryGib: number;
}

const family = (machine: Machine): MachineFamily => ({ ...machine, gpuMemoryGib: gpuMemoryGbOf(machine) });

/** The families by their names. */
export const MACHINE_FAMILIES = {
  g4dn: family(MACHINES.g4dn),
  g5: family(MACHINES.g5),
  g6: family(MACHINES.g6),
  g6e: family(MACHINES.g6e),
  'g4dn.12xlarge': family(MACHINES['g4dn.12xlarge']),
  'g5.12xlarge': family(MACHINES['g5.12xlarge']),
  'g6.12xlarge': family(MACHINES['g6.12xlarge']),
  'g6e.12xlarge': family(MACHINES['g6e.12xlarge']),
  c7i: family(MACHINES.c7i),
  m7i: family(MACHINES.m7i),
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
  /** E.g. `g5.xlarge`: the smallest machine of each family, cheapest first. On demand there are no others. */
  readonly smallestTypes: readonly string[];
  /** US dollars an hour of every machine that may be started, also of larger ones, by its type. */
  readonly prices: Readonly<Record<string, number>>;
  /** Processors that a job asks for; like `memoryMib`, they fit the smallest instance of every family in the pool. */
  readonly vcpus: number;
  readonly memoryMib: number;
  /** Price of the cheapest family's smallest machine. */
  readonly usdPerHour: number;
  /** Price of the dearest machine. */
  readonly mostUsdPerHour: number;
  /** Whether a setting gives that price. */
  readonly isPriceGiven: boolean;
  readonly machine: DeployedPool['machine'];
}

/** Prices of families' smallest machines in US dollars an hour, which replace those of the table. */
export type MachinePrices = Readonly<Partial<Record<MachineFamilyName, number>>>;

/** The container agent, the driver and the kernel keep some memory; a job that asks for all of it never starts. */
const USABLE_MEMORY = 7 / 8;
const MIB_PER_GIB = 1024;

/**
 * Groups families by the memory of a GPU and by their number, smallest first.
 * @param given prices that replace those of the table.
 */
export function toMachinePools(
  names: readonly MachineFamilyName[],
  given: MachinePrices = {},
): MachinePool[] {
  const families = names
    .map((name) => {
      const known: MachineFamily = MACHINE_FAMILIES[name];
      return {
        ...known,
        tableUsdPerHour: known.usdPerHour,
        usdPerHour: given[name] ?? known.usdPerHour,
        isGiven: name in given,
      };
    })
    .toSorted((a, b) => a.gpuMemoryGib - b.gpuMemoryGib || a.gpuCount - b.gpuCount);
  return [...new Set(families.map(poolName))].map((name) => {
    const alike = families
      .filter((family) => poolName(family) === name)
      .toSorted((a, b) => a.usdPerHour - b.usdPerHour);
    const [cheapest] = alike;
    if (cheapest === undefined) throw new RangeError(`No family is in the pool ${name}.`);
    const { instanceType, gpu, gpuCount, usdPerHour, isGiven } = cheapest;
    const prices = Object.fromEntries(alike.flatMap(pricesOf));
    return {
      name,
      hasGpu: gpuCount > 0,
      gpuCount,
      smallestTypes: alike.map((family) => family.instanceType),
      prices,
      mostUsdPerHour: Math.max(...Object.values(prices)),
      vcpus: Math.min(...alike.map(({ vcpus }) => vcpus)),
      memoryMib: Math.floor(
        Math.min(...alike.map(({ memoryGib }) => memoryGib)) * MIB_PER_GIB * USABLE_MEMORY,
      ),
      usdPerHour,
      isPriceGiven: isGiven,
      machine: {
        name: instanceType,
        gpu,
        ...(gpuCount > 1 ? { gpuCount } : {}),
        vcpus: cheapest.vcpus,
      },
    };
  });
}

/** Where a price is given for the smallest machine of a family, the others of that family differ from the table by as much. */
function pricesOf({
  instanceType,
  usdPerHour,
  tableUsdPerHour,
  larger = {},
}: MachineFamily & { readonly tableUsdPerHour: number }): [string, number][] {
  const ratio = usdPerHour / tableUsdPerHour;
  return [
    [instanceType, usdPerHour],
    ...Object.entries(larger).map(([type, usd]): [string, number] => [type, usd * ratio]),
  ];
}

function poolName({ gpuMemoryGib, gpuCount }: MachineFamily): string {
  if (gpuCount === 0) return 'cpu';
  return `gpu-${gpuCount > 1 ? `${gpuCount}x` : ''}${gpuMemoryGib}gb`;
}

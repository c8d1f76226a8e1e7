// The memory of this process, as the code that watches it sees it.

import { collectGarbage } from './collect-garbage.ts';
import { type KernelKills, readKernelKills } from './machine-memory.ts';

/** What can be asked of a process about its memory. */
export interface ProcessMemory {
  /** Resident memory, bytes. */
  rss(): number;
  /** Frees what JavaScript no longer needs. */
  collectGarbage(): void;
  /** How many processes the machine's kernel has killed for want of memory. */
  kernelKills(): Promise<KernelKills>;
}

/** The process that runs this code. */
export const thisProcess: ProcessMemory = {
  rss: () => process.memoryUsage.rss(),
  collectGarbage,
  kernelKills: readKernelKills,
};

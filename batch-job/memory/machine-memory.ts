// Reads how much memory there is for training, and whether the kernel has killed processes for want of it. Knows no network.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';
import { GPU_RESERVED_SHARE } from '../../core/pricing/gpus.ts';
import type { BackendName } from '../tensorflow/engine/engine.ts';

const MIB = 2 ** 20;
const NVIDIA_SMI = ['--query-gpu=memory.total,memory.used', '--format=csv,noheader,nounits'] as const;

/** The memory that training may take on this machine. */
export interface MachineMemory {
  /** Resident memory that the process must stay below, bytes. */
  readonly limitBytes: number;
  /** The name of the limit, for use in a sentence. */
  readonly limitName: string;
  /** Memory of the device that trains: the GPU's, or the limit. */
  readonly deviceBytes: number;
  /** Memory that training may take now, on the GPU where it runs there, bytes. */
  readonly freeBytes: number;
  /** The name of that memory, for use in a sentence. */
  readonly freeName: string;
  /** Devices that share a batch. Each has the memory above. Default 1. */
  readonly devices?: number;
}

/** Memory limit of a container or control group; undefined where there is none. */
function containerLimit(): number | undefined {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < os.totalmem() ? limit : undefined;
}

interface GpuMemory {
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** Memory of the first GPUs, by GPU; none where nvidia-smi is not available. */
async function readGpuMemories(gpus: number): Promise<readonly GpuMemory[]> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', NVIDIA_SMI, { timeout: 10_000 });
    return stdout
      .split('\n')
      .map((line) => line.split(',').map(Number.parseFloat))
      .flatMap(([total = Number.NaN, used = Number.NaN]) =>
        Number.isFinite(total) && Number.isFinite(used)
          ? [{ totalBytes: total * MIB, usedBytes: used * MIB }]
          : [],
      )
      .slice(0, gpus);
  } catch {
    return [];
  }
}

/** What training may take of a GPU. */
const freeBytesOf = ({ totalBytes, usedBytes }: GpuMemory): number =>
  // What TensorFlow itself has taken by now is in the reserve; what other processes have taken may be more than that.
  Math.min(totalBytes * (1 - GPU_RESERVED_SHARE), totalBytes - usedBytes);

/**
 * Reads the memory of this machine.
 * @param ownLimitBytes a limit for this process, in addition to the machine's and the container's.
 * @param gpus how many share a batch.
 */
export async function readMachineMemory(
  backend: BackendName,
  ownLimitBytes: number | undefined,
  gpus = 1,
): Promise<MachineMemory> {
  const limits: readonly (readonly [number, string])[] = [
    [os.totalmem(), 'the memory of this machine'],
    [containerLimit() ?? Infinity, 'the memory of this container'],
    [ownLimitBytes ?? Infinity, 'the memory limit of this trainer'],
  ];
  const [limitBytes, limitName] = limits.reduce((least, limit) => (limit[0] < least[0] ? limit : least));
  const memories = backend === 'gpu' ? await readGpuMemories(gpus) : [];
  if (memories.length > 0) {
    return {
      limitBytes,
      limitName,
      deviceBytes: Math.min(...memories.map(({ totalBytes }) => totalBytes)),
      freeBytes: Math.min(...memories.map(freeBytesOf)),
      freeName: memories.length === 1 ? 'the memory of the GPU' : 'the memory of each GPU',
      devices: memories.length,
    };
  }
  const ownFree = limitBytes - process.memoryUsage.rss();
  return {
    limitBytes,
    limitName,
    deviceBytes: limitBytes,
    freeBytes: Math.max(0, Math.min(ownFree, process.availableMemory())),
    freeName: limitName,
  };
}

/** How many processes the kernel has killed for want of memory since the machine started. */
export interface KernelKills {
  /** Identifies the machine's start; null where it is not known. */
  readonly boot: string | null;
  readonly oomKills: number | null;
}

/** Reads the kernel's count from `/proc`; both fields are null on systems without it. */
export async function readKernelKills(): Promise<KernelKills> {
  const read = (file: string) => readFile(file, 'utf8').catch(() => undefined);
  const [boot, vmstat] = await Promise.all([read('/proc/sys/kernel/random/boot_id'), read('/proc/vmstat')]);
  const kills = vmstat?.match(/^oom_kill (\d+)$/m)?.[1];
  return { boot: boot?.trim() ?? null, oomKills: kills === undefined ? null : Number(kills) };
}

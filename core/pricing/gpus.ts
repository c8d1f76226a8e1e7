// The GPUs on which training may run, as data. Add a row to add a GPU. Knows no network and no cloud.

import { FoveaError } from '../errors/errors.ts';

/** The facts of a GPU that NVIDIA's data sheets give. */
export interface Gpu {
  /** The usual name, e.g. `A10G`. */
  readonly name: string;
  /** Memory in GB of 10⁹ bytes. The driver reports a little more, in GB of 2³⁰ bytes. */
  readonly memoryGb: number;
  /**
   * Peak operations a second for float32 in TensorFlow: on TensorFloat-32 cores since the Ampere generation, without sparsity;
   * before it, in plain float32.
   */
  readonly peakFlops: number;
  readonly arithmetic: 'float32' | 'TensorFloat-32';
  readonly memoryBytesPerSecond: number;
  readonly source: string;
}

/** Share of a GPU's memory that the CUDA context, the workspaces of convolutions and the gaps between tensors take. */
export const GPU_RESERVED_SHARE = 0.1;

const TERA = 1e12;
const GIGA = 1e9;

/** All GPUs, smallest memory first. */
export const GPUS = [
  {
    name: 'T4',
    memoryGb: 16,
    peakFlops: 8.1 * TERA,
    arithmetic: 'float32',
    memoryBytesPerSecond: 320 * GIGA,
    source: 'NVIDIA T4 data sheet',
  },
  {
    name: 'A10G',
    memoryGb: 24,
    peakFlops: 35 * TERA,
    arithmetic: 'TensorFloat-32',
    memoryBytesPerSecond: 600 * GIGA,
    source: 'NVIDIA A10G data sheet, half of its figure with sparsity',
  },
  {
    name: 'L4',
    memoryGb: 24,
    peakFlops: 60 * TERA,
    arithmetic: 'TensorFloat-32',
    memoryBytesPerSecond: 300 * GIGA,
    source: 'NVIDIA L4 data sheet, half of its figure with sparsity',
  },
  {
    name: 'A100',
    memoryGb: 40,
    peakFlops: 156 * TERA,
    arithmetic: 'TensorFloat-32',
    memoryBytesPerSecond: 1555 * GIGA,
    source: 'NVIDIA A100 40GB data sheet',
  },
  {
    name: 'L40S',
    memoryGb: 48,
    peakFlops: 183 * TERA,
    arithmetic: 'TensorFloat-32',
    memoryBytesPerSecond: 864 * GIGA,
    source: 'NVIDIA L40S data sheet',
  },
  {
    name: 'H100',
    memoryGb: 80,
    peakFlops: 494 * TERA,
    arithmetic: 'TensorFloat-32',
    memoryBytesPerSecond: 3350 * GIGA,
    source: 'NVIDIA H100 SXM data sheet, half of its figure with sparsity',
  },
] as const satisfies readonly Gpu[];

/** The name of a GPU of the table. */
export type GpuName = (typeof GPUS)[number]['name'];

/** Words of letters and digits, in capitals, with a blank before and after each. */
const toWords = (text: string): string =>
  ` ${text
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .join(' ')} `;

/**
 * Finds the GPU that a driver's name is of, e.g. `NVIDIA A10G` or `NVIDIA H100 80GB HBM3`.
 * @returns undefined for a GPU that is not in the table.
 */
export function gpuOfDriver<Known extends Pick<Gpu, 'name'>>(
  driverName: string,
  gpus: readonly Known[],
): Known | undefined {
  const words = toWords(driverName);
  return gpus.find(({ name }) => words.includes(toWords(name)));
}

/**
 * Finds a GPU by its name, in any case.
 *
 * @throws {FoveaError} `gpu-unknown`, naming all GPUs.
 */
export function findGpu(name: string): (typeof GPUS)[number] {
  const found = GPUS.find((gpu) => gpu.name.toUpperCase() === name.toUpperCase());
  if (found !== undefined) return found;
  const allowed = GPUS.map((gpu) => gpu.name);
  throw new FoveaError(
    'gpu-unknown',
    `There is no GPU "${name}" to plan for. There are ${allowed.join(', ')}.`,
    {
      param: 'gpu',
      details: { received: name, allowed },
    },
  );
}

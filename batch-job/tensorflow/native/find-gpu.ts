// Whether this machine has an NVIDIA GPU that a process may use, and if not, what is missing. Reads files only.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The file that shows the driver's version, and the devices that a process needs. */
const DRIVER_FILE = 'proc/driver/nvidia/version';
const DEVICE_FILES = ['dev/nvidia0', 'dev/nvidiactl'];
/** Under Windows Subsystem for Linux the driver is Windows's. */
const WSL_DEVICE = 'dev/dxg';

/**
 * The problem that keeps a process from using a GPU, as a clause; undefined where none is found.
 *
 * @param root The root of the file system.
 */
export function findGpuProblem(root = '/'): string | undefined {
  const has = (file: string) => existsSync(path.join(root, file));
  if (has(WSL_DEVICE)) return undefined;
  const missing = DEVICE_FILES.filter((file) => !has(file));
  // Some sandboxes show the device and hide the driver's file.
  if (missing.length === 0) return undefined;
  if (!has(DRIVER_FILE)) {
    return 'there is no NVIDIA driver (/proc/driver/nvidia/version is not there): install it, or use a machine that has one';
  }
  return (
    `the NVIDIA driver is there and no device (${missing.map((file) => `/${file}`).join(', ')}): give one to this ` +
    'container (`docker run --gpus all`, on AWS Batch a GPU resource requirement)'
  );
}

/**
 * How many GPUs this process has at most: `CUDA_VISIBLE_DEVICES` may hide some from TensorFlow.
 *
 * @param root The root of the file system.
 */
export function countGpus(root = '/'): number {
  try {
    const devices = readdirSync(path.join(root, 'dev')).filter((name) => /^nvidia\d+$/.test(name));
    return Math.max(1, devices.length);
  } catch {
    return 1;
  }
}

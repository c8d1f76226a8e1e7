// The name of this machine's GPU, as the driver has it. Reads files only.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A folder for each GPU, by its address. */
const GPU_FOLDERS = 'proc/driver/nvidia/gpus';

/**
 * The name of the first GPU, e.g. `NVIDIA A10G`; null where the driver does not say.
 *
 * @param root The root of the file system.
 */
export function findGpuModel(root = '/'): string | null {
  try {
    const [first] = readdirSync(path.join(root, GPU_FOLDERS)).sort();
    if (first === undefined) return null;
    const information = readFileSync(path.join(root, GPU_FOLDERS, first, 'information'), 'utf8');
    return /^Model:\s*(.+?)\s*$/m.exec(information)?.[1] ?? null;
  } catch {
    return null;
  }
}

// Lists the CUDA libraries in a folder that set-up has made, by the wheels that were unpacked there.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const UnpackedSchema = z.object({ wheels: z.array(z.string()) });
/** E.g. `nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl`. */
const CUDA_WHEEL = /^nvidia_(?<name>\w+)_cu\d+-(?<version>[^-]+)-/;

/** Names and versions of the libraries, e.g. `cudnn 9.28.0.42`; empty where the folder has none. */
export async function listCudaLibraries(directory: string): Promise<string[]> {
  const unpacked = path.join(directory, 'unpacked.json');
  if (!existsSync(unpacked)) return [];
  const { wheels } = UnpackedSchema.parse(JSON.parse(await readFile(unpacked, 'utf8')));
  return wheels.flatMap((wheel) => {
    const { name, version } = CUDA_WHEEL.exec(wheel)?.groups ?? {};
    const isThere = name !== undefined && existsSync(path.join(directory, 'python/nvidia', name));
    return isThere ? [`${name} ${version}`] : [];
  });
}

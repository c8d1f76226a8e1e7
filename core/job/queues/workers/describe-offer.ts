// What a worker's machine has, in words.

import type { WorkerOffer } from './worker-record.ts';

const GIB = 2 ** 30;

/** E.g. `gpu (NVIDIA A10G), 22.5 GiB, 4 processors, US$ 1.01 an hour`. */
export function describeOffer({ backend, gpu, deviceBytes, vcpus, usdPerHour }: WorkerOffer): string {
  const gpus =
    gpu === null ? '' : ` (${gpu.count > 1 ? `${gpu.count} × ` : ''}${gpu.model ?? 'unknown model'})`;
  return [
    `back end ${backend}${gpus}`,
    `${(deviceBytes / GIB).toFixed(1)} GiB`,
    `${vcpus} processors`,
    usdPerHour === null ? [] : `US$ ${usdPerHour} an hour`,
  ]
    .flat()
    .join(', ');
}

// Measures how busy the GPU is and how much memory is in use, by nvidia-smi five times a second.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The load of a GPU over some time. */
export interface DeviceLoad {
  /** Mean share of time in which a kernel ran, in percent. */
  readonly busyPercent: number;
  readonly peakMiB: number;
  /** Number of measurements; 0 where nvidia-smi is not available. */
  readonly samples: number;
}

/** Starts watching the GPU; `stop` ends it and gives the load since. */
export function watchDevice(): { readonly stop: () => DeviceLoad } {
  const query = ['--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits', '-lms', '200'];
  const child = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] });
  child.on('error', () => undefined);
  const busy: number[] = [];
  let peakMiB = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [percent = 0, memory = 0] = line.split(',').map(Number);
    busy.push(percent);
    peakMiB = Math.max(peakMiB, memory);
  });
  return {
    stop() {
      child.kill();
      const mean = busy.reduce((sum, percent) => sum + percent, 0) / Math.max(1, busy.length);
      return { busyPercent: Math.round(mean), peakMiB, samples: busy.length };
    },
  };
}

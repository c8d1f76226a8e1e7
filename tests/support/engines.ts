// The engines that this machine has, for tests that must hold on every one of them.

import type { BackendName, Engine, ExecutorName } from '../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { isFoveaError } from '../../core/errors/errors.ts';

/** One way to run a trainer. */
export interface Runner {
  /** E.g. `native graph`. */
  readonly name: string;
  readonly backend: BackendName;
  readonly executor: ExecutorName;
}

const ALL: readonly Runner[] = [
  { name: 'portable eager', backend: 'portable', executor: 'eager' },
  { name: 'portable graph', backend: 'portable', executor: 'graph' },
  { name: 'native eager', backend: 'native', executor: 'eager' },
  { name: 'native graph', backend: 'native', executor: 'graph' },
];

async function isThere({ backend, name }: Runner): Promise<boolean> {
  try {
    await openEngine({ backend, cacheDirectory: cacheDirectory(process.env) });
    return true;
  } catch (error) {
    if (!isFoveaError(error, 'backend-unavailable')) throw error;
    console.warn(`Skipped: ${name}. ${error.message}`);
    return false;
  }
}

/** The runners of this machine; prints why one is left out. The portable ones are always there. */
export async function availableRunners(): Promise<readonly Runner[]> {
  const there = await Promise.all(ALL.map(isThere));
  return ALL.filter((_, index) => there[index]);
}

export const openRunner = ({ backend }: Runner): Promise<Engine> =>
  openEngine({ backend, cacheDirectory: cacheDirectory(process.env) });

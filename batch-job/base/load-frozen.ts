// Loads the pretrained layers of a job's base with their weights, and tells the job of them.

import type { Network } from '../../core/network/description/network.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Base, FrozenBackbone } from './base.ts';

/** What loading the frozen layers needs. */
export interface LoadFrozenDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly base: Base;
  /** The network that the base built, see {@link Base.build}. */
  readonly network: Network;
  /** A folder of weight files that a person put there, which is searched before anything else. */
  readonly weightsDir: string | undefined;
}

/**
 * Loads the frozen backbone and reports the download's progress.
 * @throws {FoveaError} As `loadPretrainedWeights`, or `backbone-not-found` where an imported backbone is gone.
 */
export async function loadFrozen({
  store,
  reporter,
  base,
  network,
  weightsDir,
}: LoadFrozenDeps): Promise<FrozenBackbone> {
  reporter.startStage('weights');
  const frozen = await base.loadFrozen(network, {
    store,
    weightsDir,
    signal: reporter.signal,
    onProgress: ({ receivedBytes, totalBytes }) =>
      reporter.update({ step: receivedBytes, steps: totalBytes }),
  });
  await reporter.message(`Pretrained weights: ${frozen.origin}.`);
  return frozen;
}

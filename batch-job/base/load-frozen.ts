// The pretrained part of a job's base, and the job told of it.

import type { TrainingContext } from '../training-context.ts';
import type { FrozenPart } from './base.ts';

/** @throws {FoveaError} As loadPretrainedWeights, or where an imported backbone is gone. */
export async function loadFrozen(context: TrainingContext): Promise<FrozenPart> {
  const { store, reporter, base, network, weightsDir } = context;
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

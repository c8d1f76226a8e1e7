// Features of the pictures of a set, as the trained model's own backbone sees them, in files that Python reads.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findBase } from '../../batch-job/base/base.ts';
import { createFeatureExtractor } from '../../batch-job/examples/features.ts';
import { groupLookAlikes } from '../../batch-job/logistic/look-alikes.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { StagedSet } from './stage-set.ts';

/** The backbone, its pictures, and where the files go. */
export interface WriteFeaturesOptions {
  readonly store: ObjectStore;
  readonly weightsDir: string;
  /** A pretrained architecture, or an imported backbone. */
  readonly base: string;
  readonly input: ModelInput;
  readonly set: StagedSet;
  /** An existing folder. */
  readonly target: string;
}

/**
 * Writes `train.features` and `test.features`: float32 `[pictures, features]`, little-endian; and `train.groups`: int32, for each
 * picture the leader of its look-alikes, as Fovea's own folds have them.
 */
export async function writeFeatures(options: WriteFeaturesOptions): Promise<void> {
  const { store, weightsDir, input, set, target } = options;
  const { signal } = new AbortController();
  const base = await findBase(store, options.base);
  const { height, width, channels } = input;
  const network = base.build({ inputSize: { height, width, channels }, classes: set.classes.length });
  const { backbone } = await base.loadFrozen(network, { store, weightsDir, signal });
  const extractor = await createFeatureExtractor({ store, backbone, input });
  try {
    for (const split of ['train', 'test'] as const) {
      const table = await extractor.extract(set[split], { signal, onProgress: () => undefined });
      const { width: features } = table;
      const values = new Float32Array(set[split].length * features);
      table.read(0, values);
      table.close();
      await writeFile(path.join(target, `${split}.features`), new Uint8Array(values.buffer));
      if (split === 'test') continue;
      const groups = await groupLookAlikes({
        table: {
          rows: set.train.length,
          width: features,
          read: (start, end) => values.subarray(start * features, end * features),
        },
        labels: Int32Array.from(set.train, ({ classIndex }) => classIndex),
        classes: set.classes.length,
      });
      await writeFile(path.join(target, 'train.groups'), new Uint8Array(groups.buffer));
    }
  } finally {
    await extractor.release();
  }
}

// What the rest of the trainer sees of an imported backbone: a head to plan and train, and nothing to give up but memory.

import { beforeAll, describe, expect, it } from 'vitest';
import { type Base, findBase } from '../../../batch-job/base/base.ts';
import { networkOf, nextRemedy } from '../../../batch-job/memory/remedies.ts';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { NO_SAVINGS, REMEDIES } from '../../../core/job/recipe/memory-record.ts';
import { planNetwork } from '../../../core/network/plan/plan.ts';
import { initializeWeights } from '../../../core/network/weights/initialize.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { FOREIGN_FILTERS, foreignModel } from '../../support/foreign-onnx.ts';

const CLASSES = 4;
const store = createMemoryStore();

describe('the base of an imported backbone', () => {
  let base: Base;
  beforeAll(async () => {
    const request = { onnx: foreignModel(), layout: 'nchw', preprocessing: 'unit' } as const;
    await importBackbone({ store, now: Date.now }, { ...request, name: 'theirs' });
    base = await findBase(store, 'onnx:theirs');
  });

  it('plans and trains only the head', async () => {
    const network = networkOf(NO_SAVINGS, { base, classes: CLASSES });
    expect(planNetwork(network).parameters.total).toBe(FOREIGN_FILTERS * CLASSES + CLASSES);
    const frozen = await base.loadFrozen(network, { store });
    expect([frozen.head, frozen.backbone.features, frozen.weights.size]).toEqual([
      network,
      FOREIGN_FILTERS,
      0,
    ]);
    const weights = initializeWeights(network, 1);
    const { inputName, outputName } = await base.toServed(network, weights);
    expect([inputName, outputName]).toEqual(['fovea_input', 'fovea_probabilities']);
    expect(base.toCompanions(network, weights).files.size).toBe(0);
  });

  it('has out-of-memory remedies for batches and precision, and none for the size of pictures', () => {
    const situation = { base, classes: CLASSES, batchSizes: { features: 2 }, unfreezeFrom: null };
    const taken: string[] = [];
    let next = nextRemedy(REMEDIES, NO_SAVINGS, 'features', situation);
    for (; next !== undefined; next = nextRemedy(REMEDIES, next.savings, 'features', situation)) {
      taken.push(next.remedy);
    }
    expect(taken).toEqual(['smaller_batches', 'half_precision']);
  });

  it('rejects names of neither an architecture nor a backbone', async () => {
    await expect(findBase(store, 'onnx:ours')).rejects.toThrow(
      expect.objectContaining({ code: 'backbone-not-found' }),
    );
    await expect(findBase(store, 'ours')).rejects.toThrow(
      expect.objectContaining({ code: 'architecture-unknown' }),
    );
  });
});

import { expect, it } from 'vitest';
import { planMicroBatch, plannedBytes } from '../../../batch-job/memory/plan-micro-batch.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';

const { build, defaultInputSize } = findArchitecture('mobilenet_v2_0.35');
const network = build({ inputSize: defaultInputSize, classes: 3 });

it('plans for the layers that learn, named by the first or by its block', () => {
  const byLayer = plannedBytes(network, 16, 'block_13_expand');
  expect(byLayer).toBeLessThan(plannedBytes(network, 16, null) / 2);
  expect(plannedBytes(network, 16, 'block_13')).toBe(byLayer);
  expect(() => plannedBytes(network, 16, 'block_99')).toThrow(
    expect.objectContaining({ code: 'layer-unknown' }),
  );
});

it('plans for a share of the batch where several devices have one', () => {
  const memory = { limitBytes: 64e9, limitName: '', deviceBytes: 4e9, freeBytes: 0, freeName: 'memory' };
  const freeBytes = plannedBytes(network, 32, null);
  const plan = (devices: number) =>
    planMicroBatch({
      network,
      batchSize: 128,
      unfreezeFrom: null,
      memory: { ...memory, freeBytes, devices },
    });
  expect(plan(1)?.microBatchSize).toBe(32);
  expect(plan(2)?.microBatchSize).toBe(64);
  expect(plan(4)).toBeUndefined();
});

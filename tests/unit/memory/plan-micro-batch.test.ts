import { expect, it } from 'vitest';
import { plannedBytes } from '../../../batch-job/memory/plan-micro-batch.ts';
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

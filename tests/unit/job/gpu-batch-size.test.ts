import { describe, expect, it } from 'vitest';
import { gpuBatchSize } from '../../../core/job/recipe/gpu-batch-size.ts';

const ENOUGH = { examples: 100_000, epochs: 5, least: 16, fitting: 1000 };

describe('gpuBatchSize', () => {
  it('doubles the recipe’s batch up to the largest that was measured', () => {
    expect(gpuBatchSize(ENOUGH)).toBe(256);
  });

  it('stays within the memory, but for the least', () => {
    expect(gpuBatchSize({ ...ENOUGH, fitting: 127 })).toBe(64);
    expect(gpuBatchSize({ ...ENOUGH, fitting: 3 })).toBe(16);
  });

  it('leaves a stage 200 updates and an epoch 8', () => {
    expect(gpuBatchSize({ ...ENOUGH, examples: 5000, epochs: 5 })).toBe(64);
    expect(gpuBatchSize({ ...ENOUGH, examples: 512, epochs: 1000 })).toBe(64);
    expect(gpuBatchSize({ ...ENOUGH, examples: 100, epochs: 30 })).toBe(16);
  });
});

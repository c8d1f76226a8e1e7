import { describe, expect, it } from 'vitest';
import { describeJobOnGpu } from '../../../core/job/estimate/job-on-gpu.ts';
import { type PlanRequest, planClassifier } from '../../../core/network/plan/plan-classifier.ts';

const jobOn = (gpu: string, request: Partial<PlanRequest> = {}) => {
  const plan = planClassifier({ model: 'resnet50', classes: 37, images: 7390, gpu, ...request });
  return plan.gpus.map((estimate) => describeJobOnGpu(plan, estimate))[0];
};

describe('describeJobOnGpu', () => {
  it('says stages, batch, precision, time and price', () => {
    expect(jobOn('T4')).toMatch(
      /^A job trains "head" \(solved exactly\), "full" \(8 epochs\), then "full" again on all pictures, and takes about \d+ s and US\$ 0\.\d{3} on one T4, .* in batches of 64, in mixed precision/,
    );
    expect(jobOn('L4', { model: 'mobilenet_v2_1.0' })).toContain('in float32, without a compiler');
    expect(jobOn('T4', { model: 'alexnet' })).toMatch(/^A job trains "scratch" \(\d+ epochs\), and takes/);
  });

  it('goes by the price that is given', () => {
    const priceOf = (usdPerHour: number) =>
      Number(/US\$ ([\d.]+)/.exec(jobOn('T4', { usdPerHour }) ?? '')?.[1]);
    expect(priceOf(10) / priceOf(5)).toBeCloseTo(2, 1);
  });

  it('says nothing of what no job trains', () => {
    const plan = planClassifier({ model: 'resnet50', gpu: 'T4' });
    expect(plan.gpus.map((estimate) => describeJobOnGpu(plan, estimate))).toEqual([null]);
    expect(jobOn('T4', { until: 'conv3_block1_out' })).toBeNull();
    expect(jobOn('T4', { inputSize: { height: 96, width: 96 } })).toBeNull();
    expect(jobOn('T4', { batchSize: 60_000 })).toBeNull();
  });
});

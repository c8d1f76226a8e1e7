// Published speeds: NVIDIA DeepLearningExamples, ResNet50 v1.5 (TensorFlow 20.06: A100 40 GB with TF32; V100 16 GB and T4
// with float32), pictures a second.

import { describe, expect, it } from 'vitest';
import { rooflineSeconds } from '../../../core/network/plan/estimate-training.ts';
import { planTraining } from '../../../core/network/plan/plan.ts';
import { type PlanRequest, planClassifier } from '../../../core/network/plan/plan-classifier.ts';
import { findGpu, GPUS } from '../../../core/pricing/gpus.ts';
import { cheapestMachineWith } from '../../../core/pricing/machines.ts';

const V100 = { peakFlops: 15.7e12, memoryBytesPerSecond: 900e9 };

describe('planClassifier', () => {
  it('says what fits every GPU, the smallest first', () => {
    const { network, gpus } = planClassifier({ model: 'resnet50', images: 50_000 });
    expect(gpus.map(({ gpu }) => gpu)).toEqual(GPUS.map(({ name }) => name));
    for (const { largestBatch, usableBytes, memoryBytes, gpu } of gpus) {
      // The driver, workspaces and gaps have the rest.
      expect(usableBytes / memoryBytes, gpu).toBeCloseTo(0.9, 6);
      expect(largestBatch, gpu).toBeGreaterThan(32);
      expect(planTraining(network, { batchSize: largestBatch }).totalBytes).toBeLessThanOrEqual(usableBytes);
      expect(planTraining(network, { batchSize: largestBatch + 1 }).totalBytes).toBeGreaterThan(usableBytes);
    }
  });

  it('gives time and price of an epoch, and none where the batch does not fit', () => {
    const [fits] = planClassifier({ model: 'resnet50', gpu: 'a10g', images: 3600, batchSize: 16 }).gpus;
    expect(fits?.epoch?.seconds).toBeCloseTo(3600 / (fits?.picturesPerSecond ?? 0), 9);
    expect(fits?.epoch?.usd).toBeCloseTo(((fits?.epoch?.seconds ?? 0) / 3600) * 1.006, 9);
    const [large] = planClassifier({ model: 'resnet50', gpu: 'T4', images: 3600, batchSize: 4096 }).gpus;
    expect(large).toMatchObject({ fits: false, epoch: null });
    const [noImages] = planClassifier({ model: 'resnet50', gpu: 'T4' }).gpus;
    expect(noImages).toMatchObject({ fits: true, epoch: null });
  });

  it('goes by the price that is given, and says so', () => {
    const request = { model: 'lenet5', gpu: 'T4', images: 1000 };
    const [table] = planClassifier(request).gpus;
    const [given] = planClassifier({ ...request, usdPerHour: 1.052 }).gpus;
    expect((given?.epoch?.usd ?? 0) / (table?.epoch?.usd ?? 0)).toBeCloseTo(2, 9);
    expect(table?.basis.price).toContain('g4dn.xlarge in us-east-1 on 20');
    expect(given?.basis.price).toContain('The price that was given');
  });

  it('says that a machine with eight GPUs is paid whole', () => {
    const [plan] = planClassifier({ model: 'lenet5', gpu: 'A100' }).gpus;
    expect(plan?.basis.price).toContain('all 8 GPUs');
  });

  it.each<[string, Partial<PlanRequest>, string, RegExp]>([
    [
      'an input below the minimum',
      { inputSize: { height: 16 } },
      'input-too-small',
      /height of 16.*at least 32/,
    ],
    [
      'an input too large',
      { inputSize: { width: 20_000 } },
      'input-too-large',
      /width of 20000.*at most 16384/,
    ],
    ['no class', { classes: 0 }, 'classes-out-of-range', /0 classes.*at least 1/],
    ['too many classes', { classes: 1e7 }, 'classes-out-of-range', /10000000.*1 to 1000000/],
    ['an unknown GPU', { gpu: 'K80' }, 'gpu-unknown', /"K80".*T4, A10G, L4/],
    ['an empty batch', { batchSize: 0 }, 'batch-size-out-of-range', /batch size cannot be 0.*1 to 65536/],
    ['half a batch', { batchSize: 1.5 }, 'batch-size-out-of-range', /1\.5/],
    ['no pictures', { images: 0 }, 'images-out-of-range', /0.*1 to 1000000000/],
    ['an unknown architecture', { model: 'resnet5' }, 'architecture-unknown', /"resnet5".*resnet50/],
    ['a negative price', { gpu: 'T4', usdPerHour: -1 }, 'price-invalid', /US\$ -1/],
    ['a price of no machine', { usdPerHour: 1 }, 'price-invalid', /name the GPU/],
  ])('rejects %s, with the value and what is allowed', (_, change, code, message) => {
    const plan = () => planClassifier({ model: 'resnet50', ...change });
    expect(plan).toThrow(message);
    expect(plan).toThrow(expect.objectContaining({ code }));
  });
});

describe('rooflineSeconds', () => {
  const { layers } = planClassifier({ model: 'resnet50' }).network;
  it.each([
    { on: 'A100', gpu: findGpu('A100'), pass: 'training', published: 909 },
    { on: 'V100', gpu: V100, pass: 'training', published: 412 },
    { on: 'T4', gpu: findGpu('T4'), pass: 'prediction', published: 426 },
  ] as const)('is within a quarter of the published $pass speed on $on', ({ gpu, pass, published }) => {
    const ratio = 1 / rooflineSeconds(layers, gpu, pass) / published;
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.25);
  });
});

it.each(GPUS.map(({ name }) => [name]))('there is a machine with %s', (name) => {
  expect(cheapestMachineWith(name).gpu).toBe(name);
});

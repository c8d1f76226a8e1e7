import { expect, it } from 'vitest';
import { layerRates } from '../../../batch-job/training/layer-rates.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { isTrainableFrom } from '../../../core/network/description/trainable-from.ts';

const architecture = findArchitecture('mobilenet_v2_0.35');
const network = architecture.build({ inputSize: architecture.defaultInputSize, classes: 2 });
const LAYERS = ['Conv1', 'bn_Conv1', 'block_6_expand', 'block_13_depthwise', 'Conv_1_bn', 'predictions'];

it('rises from the given share in the first layer to 1 in the last', () => {
  const rate = layerRates(network, 0.01);
  const rates = LAYERS.map(rate);
  expect(rates[0]).toBeCloseTo(0.01, 12);
  expect(rates.at(-1)).toBe(1);
  expect(rates).toEqual(rates.toSorted((a, b) => a - b));
  expect(new Set(rates).size).toBe(LAYERS.length);
});

it('starts with the first layer that learns', () => {
  const rate = layerRates(network, 0.01, isTrainableFrom(network, 'block_13'));
  expect(rate('block_13_expand')).toBeCloseTo(0.01, 12);
  expect(rate('predictions')).toBe(1);
});

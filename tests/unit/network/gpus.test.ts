import { expect, it } from 'vitest';
import { findGpu, GPUS, gpuOfDriver } from '../../../core/pricing/gpus.ts';

const TABLE = [{ name: 'A10' }, { name: 'A10G' }, { name: 'RTX Pro 6000' }];

it.each([
  ['NVIDIA A10G', 'A10G'],
  ['NVIDIA A10', 'A10'],
  ['NVIDIA RTX PRO 6000 Blackwell Server Edition', 'RTX Pro 6000'],
])('recognizes the GPU in the driver name "%s"', (driverName, name) => {
  expect(gpuOfDriver(driverName, TABLE)?.name).toBe(name);
});

it('recognizes no GPU in a name that only begins or ends alike', () => {
  expect(gpuOfDriver('NVIDIA RTX 6000', TABLE)).toBeUndefined();
  expect(gpuOfDriver('NVIDIA A100-SXM4-80GB', TABLE)).toBeUndefined();
});

it('finds every GPU of the table by its name in any case', () => {
  for (const { name } of GPUS) expect(findGpu(name.toLowerCase()).name).toBe(name);
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findMachinePrice } from '../../../batch-job/attempt/machine-price.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'fovea-price-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const prices = { 'g5.xlarge': 1.006, 'g5.4xlarge': 1.624 };

it.each([
  ['g5.xlarge', 1.006],
  ['g5.4xlarge', 1.624],
  ['Standard PC', 9],
  ['toString', 9],
])('is that of the machine whose firmware says %s', async (type, price) => {
  const productName = path.join(folder, 'product_name');
  await writeFile(productName, `${type}\n`);
  expect(await findMachinePrice({ prices, otherwise: 9, productName })).toBe(price);
});

it('is the other one where the machine does not say what it is', async () => {
  const productName = path.join(folder, 'missing');
  expect(await findMachinePrice({ prices, otherwise: 9, productName })).toBe(9);
});

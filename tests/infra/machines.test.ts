import { describe, expect, it } from 'vitest';
import { MACHINE_FAMILIES, MACHINE_FAMILY_NAMES, toMachinePools } from '../../infra/settings/machines.ts';

const USABLE = 0.9;

describe('toMachinePools', () => {
  it('groups families by GPU memory, smallest first', () => {
    const pools = toMachinePools(['g6e', 'g5', 'g4dn', 'g6']);
    expect(pools.map(({ name }) => name)).toEqual(['gpu-16gb', 'gpu-24gb', 'gpu-48gb']);
    expect(pools[1]?.smallestTypes).toEqual(['g6.xlarge', 'g5.xlarge']);
  });

  it('has pools of their own for machines with several GPUs', () => {
    const pools = toMachinePools(['g6.12xlarge', 'g5.12xlarge', 'g4dn', 'g5']);
    expect(pools.map(({ name, gpuCount }) => [name, gpuCount])).toEqual([
      ['gpu-16gb', 1],
      ['gpu-24gb', 1],
      ['gpu-4x24gb', 4],
    ]);
    expect(pools[2]).toMatchObject({
      smallestTypes: ['g6.12xlarge', 'g5.12xlarge'],
      prices: { 'g6.12xlarge': 4.6016, 'g5.12xlarge': 5.672 },
      vcpus: 48,
      machine: { name: 'g6.12xlarge', gpu: 'L4', gpuCount: 4 },
    });
    expect(pools[1]?.machine).not.toHaveProperty('gpuCount');
  });

  it.each(MACHINE_FAMILY_NAMES.map((name) => [name]))('asks for no more than the smallest %s has', (name) => {
    const family = MACHINE_FAMILIES[name];
    const [pool] = toMachinePools([name]);
    expect(pool?.vcpus).toBeLessThanOrEqual(family.vcpus);
    expect(pool?.memoryMib).toBeLessThanOrEqual(family.memoryGib * 1024 * USABLE);
    expect(pool?.hasGpu).toBe(family.gpuMemoryGib > 0);
  });

  it('prices a pool by its cheapest machine, from the table or from the settings', () => {
    const [known] = toMachinePools(['g5', 'g6']);
    expect(known).toMatchObject({ usdPerHour: 0.8048, machine: { name: 'g6.xlarge', gpu: 'L4', vcpus: 4 } });
    expect(known?.isPriceGiven).toBe(false);
    const [told] = toMachinePools(['g5', 'g6'], { g5: 0.7 });
    expect(told).toMatchObject({ usdPerHour: 0.7, machine: { name: 'g5.xlarge', gpu: 'A10G' } });
    expect(told?.isPriceGiven).toBe(true);
  });

  it('has a price for every machine that may be started, by the prices that are given', () => {
    const [known] = toMachinePools(['g5', 'g6']);
    expect(known).toMatchObject({
      prices: {
        'g6.xlarge': 0.8048,
        'g6.2xlarge': 0.9776,
        'g6.4xlarge': 1.3232,
        'g5.xlarge': 1.006,
        'g5.2xlarge': 1.212,
        'g5.4xlarge': 1.624,
      },
      mostUsdPerHour: 1.624,
    });
    const [given] = toMachinePools(['c7i'], { c7i: 0.714 });
    expect(given?.prices).toEqual({ 'c7i.2xlarge': 0.714, 'c7i.4xlarge': 1.428 });
  });

  it('requests resources that fit the smallest machine of every family in the pool', () => {
    const [pool] = toMachinePools(['m7i', 'c7i']);
    expect(pool).toMatchObject({ name: 'cpu', hasGpu: false, vcpus: 8, memoryMib: 14_336 });
  });
});

import { expect, test } from 'vitest';
import type { MachineMemory } from '../../../batch-job/memory/machine-memory.ts';
import { pictureMemoryBytes } from '../../../batch-job/memory/picture-memory.ts';

const GIB = 2 ** 30;
const machine = (limitGib: number) => ({ limitBytes: limitGib * GIB }) as MachineMemory;

test.each([
  { backend: 'gpu', limitGib: 15, gib: 5.5 },
  { backend: 'gpu', limitGib: 124, gib: 60 },
  { backend: 'gpu', limitGib: 3, gib: 0.5 },
  { backend: 'native', limitGib: 124, gib: 0.5 },
] as const)(
  'of $limitGib GiB with the back end $backend, pictures may take $gib',
  ({ backend, limitGib, gib }) => {
    expect(pictureMemoryBytes(backend, machine(limitGib)) / GIB).toBe(gib);
  },
);

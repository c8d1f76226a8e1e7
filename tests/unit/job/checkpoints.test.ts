import { describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../../core/job/checkpoints/checkpoint-file.ts';
import { checkpointUnfit, createCheckpoints } from '../../../core/job/checkpoints/checkpoints.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';

const file = (epoch: number) => ({
  header: { epoch, name: 'Äpfel' },
  tensors: new Map([
    ['conv/kernel', Float32Array.of(1.5, -0, Number.MIN_VALUE, epoch)],
    ['empty', new Float32Array()],
    ['part of a larger array', new Float32Array(8).fill(3).subarray(1, 4)],
  ]),
});

async function keysOf(store: ReturnType<typeof createMemoryStore>): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(keys.checkpoints())) found.push(key);
  return found;
}

describe('a checkpoint file', () => {
  it('comes back with the same bits', () => {
    const read = decodeCheckpoint(encodeCheckpoint(file(7)));
    expect(read.header).toEqual(file(7).header);
    expect([...read.tensors]).toEqual([...file(7).tensors]);
    expect(Object.is(read.tensors.get('conv/kernel')?.[1], -0)).toBe(true);
  });

  it('rejects a change of any of its bytes', () => {
    const bytes = encodeCheckpoint(file(1));
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => decodeCheckpoint(changed), `byte ${at}`).toThrow(
        expect.objectContaining({ code: 'checkpoint-corrupt' }),
      );
    }
  });

  it.each([0, 1, 40, 100])('rejects what is left after %i bytes', (length) => {
    expect(() => decodeCheckpoint(encodeCheckpoint(file(1)).subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'checkpoint-corrupt' }),
    );
  });
});

describe('createCheckpoints', () => {
  const epochOf = ({ header }: { readonly header: unknown }) => (header as { epoch: number }).epoch;
  const nothingSkipped = async (key: string) => {
    throw new Error(`${key} was skipped`);
  };

  it('keeps the last ones and gives the newest, also to a later attempt', async () => {
    const store = createMemoryStore();
    const first = createCheckpoints({ store, jobId: 'a', keep: 2 });
    expect(await first.newest(epochOf, nothingSkipped)).toBeUndefined();
    for (const epoch of [1, 2, 3]) await first.save(file(epoch));
    const second = createCheckpoints({ store, jobId: 'a', keep: 2 });
    expect(await second.newest(epochOf, nothingSkipped)).toBe(3);
    await second.save(file(4));
    expect(await keysOf(store)).toEqual([keys.jobCheckpoint('a', 2), keys.jobCheckpoint('a', 3)]);
    expect(await second.newest(epochOf, nothingSkipped)).toBe(4);
    await second.clear();
    expect(await keysOf(store)).toEqual([]);
  });

  it('passes over corrupt checkpoints and those that do not fit, and says so', async () => {
    const store = createMemoryStore();
    const checkpoints = createCheckpoints({ store, jobId: 'a' });
    for (const epoch of [1, 2, 3]) await checkpoints.save(file(epoch));
    const newest = keys.jobCheckpoint('a', 2);
    const body = (await store.get(newest))?.body as Uint8Array;
    await store.put(newest, body.subarray(0, body.length / 2));
    const skipped: string[] = [];
    const found = await checkpoints.newest(
      (read) => {
        if (epochOf(read) === 2) throw checkpointUnfit('it is of another run');
        return epochOf(read);
      },
      async (key, { code }) => {
        skipped.push(`${key} ${code}`);
      },
    );
    expect(found).toBe(1);
    expect(skipped).toEqual([
      `${newest} checkpoint-corrupt`,
      `${keys.jobCheckpoint('a', 1)} checkpoint-unfit`,
    ]);
  });

  it('leaves the checkpoints of other jobs alone', async () => {
    const store = createMemoryStore();
    await createCheckpoints({ store, jobId: 'ab' }).save(file(1));
    await createCheckpoints({ store, jobId: 'a' }).clear();
    expect(await keysOf(store)).toEqual([keys.jobCheckpoint('ab', 0)]);
  });
});

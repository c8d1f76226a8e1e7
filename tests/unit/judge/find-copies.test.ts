import sharp from 'sharp';
import { expect, test } from 'vitest';
import { toOnnxBackbone } from '../../../batch-job/base/backbone-session.ts';
import { type FindCopiesDeps, findCopies } from '../../../batch-job/judge/find-copies.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import { addCopies } from '../../../core/dataset/add-copies.ts';
import type { DatasetInspection, DatasetItem } from '../../../core/dataset/inspect-dataset.ts';
import type { Split } from '../../../core/dataset/split-folder.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { uniformAt } from '../../../core/random.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { randomWeights } from '../../support/random-weights.ts';

const INPUT = { height: 16, width: 16, channels: 3, preprocessing: 'tf', resize: 'stretch' } as const;
const [WIDTH, HEIGHT] = [240, 180];

/** A photograph as a network sees it: blurred shades of a color, both different for each seed. */
function scene(seed: number): Promise<Buffer> {
  const [columns, rows] = [16, 12];
  const cells = Uint8Array.from(
    { length: columns * rows * 3 },
    (_, i) => 120 * uniformAt(seed, i) + 130 * uniformAt(-seed, i % 3),
  );
  return sharp(cells, { raw: { width: columns, height: rows, channels: 3 } })
    .resize(WIDTH, HEIGHT, { kernel: 'cubic' })
    .png()
    .toBuffer();
}

/** Part of a scene, by shares of its sides. */
const cutOf = async (seed: number, left: number, top: number, width: number, height: number) =>
  sharp(await scene(seed))
    .extract({
      left: Math.round(left * WIDTH),
      top: Math.round(top * HEIGHT),
      width: Math.round(width * WIDTH),
      height: Math.round(height * HEIGHT),
    })
    .jpeg({ quality: 80 })
    .toBuffer();

/** Pictures as an inspection lists them, and a job on them whose backbone has random weights. */
async function jobOn(pictures: readonly (readonly [split: Split, classIndex: number, bytes: Buffer])[]) {
  const store = createMemoryStore();
  const items: DatasetItem[] = [];
  for (const [index, [split, classIndex, bytes]] of pictures.entries()) {
    const key = `datasets/pets/${split}/${index}`;
    await store.put(key, bytes);
    items.push({ key, split, classIndex, contentHash: contentHashOf(bytes) } as DatasetItem);
  }
  const n = createNetworkBuilder('net', INPUT);
  const maps = n.conv2d(n.input(), { filters: 32, kernelSize: 1, activation: 'relu' });
  n.globalAveragePooling2d(maps);
  const network = n.build();
  const backbone = toOnnxBackbone(network, randomWeights(network, 1));
  const leaders = Int32Array.from(items, (_, index) => index);
  const of = (split: Split) => items.filter((item) => item.split === split);
  const deps = {
    store,
    reporter: {
      signal: new AbortController().signal,
      startStage: () => undefined,
      update: () => undefined,
      message: async () => undefined,
    },
    memory: { enter: async () => undefined, check: () => undefined },
    savings: { partSizes: {}, halfPrecision: false },
    engine: { info: { backend: 'portable' } },
    base: { isPretrained: true, loadFrozen: async () => ({ backbone }) },
    network,
    weightsDir: undefined,
    input: INPUT,
    splits: { train: of('train'), validation: of('validation'), test: of('test') },
    decision: { exactHead: undefined },
    inspection: { items, leaders },
  } as unknown as FindCopiesDeps;
  return { deps, items, leaders };
}

test('pictures that training has seen in another cut are found, whichever split holds them', async () => {
  const training = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (seed) => ['train', seed % 2, await scene(seed)] as const),
  );
  const { deps, items, leaders } = await jobOn([
    ...training,
    ['validation', 1, await cutOf(1, 0.1, 0, 0.9, 0.9)],
    ['test', 0, await cutOf(2, 0.1, 0.1, 0.8, 0.8)],
    // The same scene in the wrong class, mirrored.
    [
      'test',
      0,
      await sharp(await scene(3))
        .flop()
        .toBuffer(),
    ],
    ['test', 0, await scene(10)],
    ['test', 1, await scene(11)],
  ]);
  const copies = await findCopies(deps);
  expect(copies.map(({ held, seen }) => [items.indexOf(held), items.indexOf(seen)])).toEqual([
    [7, 1],
    [8, 2],
    [6, 0],
  ]);
  // A head that trained on the validation split, too, has nothing held out there.
  const exactHead = { usesValidation: true, balance: 'none' } as const;
  const all = await findCopies({ ...deps, decision: { exactHead } });
  expect(all.map(({ held }) => items.indexOf(held))).toEqual([7, 8]);
  // What the inspection has found is not found again.
  leaders[7] = 1;
  expect((await findCopies(deps)).map(({ held }) => items.indexOf(held))).toEqual([8, 6]);
});

test('they become near-duplicates of the report, and one finding of each kind', async () => {
  const item = (split: Split, name: string, classIndex: number) =>
    ({ key: `datasets/pets/${split}/${name}`, split, classIndex }) as DatasetItem;
  const [a, b, c] = [item('train', 'a', 0), item('test', 'b', 0), item('test', 'c', 1)];
  const known = {
    dataset: 'pets',
    findings: [],
    findingCounts: { 'near-duplicate-across-splits': 2 },
    nearDuplicates: {
      groupCount: 2,
      pictureCount: 4,
      acrossSplits: 2,
      acrossClasses: 0,
      groups: [['x', 'y']],
    },
  } as unknown as DatasetInspection;
  const { inspection, found } = addCopies(known, [
    { held: b, seen: a },
    { held: c, seen: a },
  ]);
  expect(inspection.nearDuplicates).toEqual({
    groupCount: 4,
    pictureCount: 7,
    acrossSplits: 4,
    acrossClasses: 1,
    groups: [
      [b.key, a.key],
      [c.key, a.key],
      ['x', 'y'],
    ],
  });
  expect(inspection.findingCounts).toEqual({
    'near-duplicate-across-splits': 3,
    'near-duplicate-across-classes': 1,
  });
  expect(found.map(({ code, count, message }) => [code, count, message])).toEqual([
    [
      'near-duplicate-across-splits',
      1,
      expect.stringContaining(
        `"${b.key}" (test) shows the same as "${a.key}" (train) in another cut. Results look better`,
      ),
    ],
    ['near-duplicate-across-classes', 1, expect.stringContaining('at most one of the labels is right')],
  ]);
  expect(addCopies(known, [])).toMatchObject({ inspection: known, found: [] });
});

import { expect, it } from 'vitest';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { countPictures } from '../../../functions/routes/count-pictures.ts';

const FRACTIONS = { train: 0.75, validation: 0.15, test: 0.1 };

it.each([1, 2, 10, 30, 31, 97])('counts each of %i pictures in exactly one split', async (pictures) => {
  const store = createMemoryStore();
  for (let i = 0; i < pictures; i++) {
    await store.put(`datasets/fruit/${i % 2 === 0 ? 'apple' : 'kiwi'}/${i}.jpg`, new Uint8Array(1));
  }
  const { train, validation, test } = await countPictures(store, 'fruit', FRACTIONS);
  expect(train + validation + test).toBe(pictures);
  for (const [count, fraction] of [
    [train, FRACTIONS.train],
    [validation, FRACTIONS.validation],
    [test, FRACTIONS.test],
  ] as const) {
    expect(Math.abs(count - fraction * pictures)).toBeLessThan(1);
  }
});

it('knows a folder for validation, which no fold takes the place of', async () => {
  const store = createMemoryStore();
  const of = async (...names: string[]) => {
    for (const name of names) await store.put(`datasets/fruit/${name}`, new Uint8Array(1));
    return countPictures(store, 'fruit', FRACTIONS);
  };
  expect(
    (await of('train/apple/1.jpg', 'train/kiwi/2.jpg', 'test/apple/3.jpg')).hasValidationFolder,
  ).toBeUndefined();
  expect((await of('validation/kiwi/4.jpg')).hasValidationFolder).toBe(true);
});

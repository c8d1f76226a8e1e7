import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { contentHashOf } from '../../../core/content-hash.ts';
import type { Parity } from '../../../core/model/parity.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { checkParity } from '../../../core/predict/check-parity.ts';
import type { ModelSession } from '../../../core/predict/model-session.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';

const predict = async (store: ObjectStore) => {
  const predictor = createPredictor({ store, threads: 1 });
  try {
    const [outcome] = (
      await predictor.predict({ model: 'color', images: [await colorPicture('red')], topK: 3 })
    ).outcomes;
    if (!outcome?.ok) throw new Error('no answer');
    return outcome.predictions.toSorted((a, b) => a.index - b.index).map(({ score }) => score);
  } finally {
    predictor.close();
  }
};

/** The color model with a certificate whose golden picture is plain red, answered by `change` of what is right. */
async function storeWith(change: (probabilities: number[]) => number[]): Promise<ObjectStore> {
  const store = createMemoryStore();
  await commitColorModel(store, { jobId: 'ftjob-0' });
  const probabilities = change(await predict(store));
  const { height, width } = (await readManifest(store, 'color', '1')).input;
  const prepared = sharp(await colorPicture('red')).resize(width, height, { fit: 'fill' });
  const png = (await prepared.png().toBuffer()).toString('base64');
  const parity: Parity = {
    pictures: 1,
    maxDifference: 0,
    allowed: 1e-3,
    tfjsMaxDifference: null,
    trainer: {},
    golden: [{ png, probabilities }],
  };
  const text = JSON.stringify(parity);
  const sha256 = contentHashOf(Buffer.from(text));
  await store.put(keys.modelFile('color', '2', 'parity.json'), text);
  await commitColorModel(store, {
    version: '2',
    jobId: 'ftjob-2',
    parity: { file: 'parity.json', sizeBytes: text.length, sha256 },
  });
  return store;
}

describe('golden pictures', () => {
  it('let a model load that answers as it did where it was made', async () => {
    expect((await predict(await storeWith((right) => right)))[0]).toBeGreaterThan(0.9);
  });

  it('rejects a model that answers differently here', async () => {
    const store = await storeWith(([red = 0, green = 0, blue = 0]) => [red - 0.01, green + 0.01, blue]);
    await expect(predict(store)).rejects.toMatchObject({
      code: 'model-parity-failed',
      details: { difference: expect.closeTo(0.01, 4), allowed: 1e-3 },
    });
  });

  it.each([0, 1, 2])('rejects a model that answers with no number at place %i', async (place) => {
    const store = await storeWith((right) => right);
    const manifest = await readManifest(store, 'color', '2');
    const values = Float32Array.from((await predict(store)).with(place, Number.NaN));
    const session = { manifest, run: async () => ({ values, dims: [1, 3] }) } as unknown as ModelSession;
    await expect(checkParity(store, session)).rejects.toMatchObject({ code: 'model-parity-failed' });
  });

  it('are taken as they are, also where the model cuts pictures', async () => {
    const store = await storeWith((right) => right);
    const manifest = await readManifest(store, 'color', '2');
    const run = vi.fn(async (values: Float32Array) => ({ values, dims: [1, 3] }));
    const { input } = manifest;
    await checkParity(store, { manifest, run } as unknown as ModelSession).catch(() => undefined);
    const cut = { ...manifest, input: { ...input, resize: 'cover', crop: 0.5 } };
    await checkParity(store, { manifest: cut, run } as unknown as ModelSession).catch(() => undefined);
    const [whole, again] = run.mock.calls;
    expect(again).toEqual(whole);
  });

  it('rejects a certificate that was changed or is missing', async () => {
    const store = await storeWith((right) => right);
    const key = keys.modelFile('color', '2', 'parity.json');
    await store.put(key, '{}');
    await expect(predict(store)).rejects.toMatchObject({ code: 'model-corrupt' });
    await store.delete(key);
    await expect(predict(store)).rejects.toThrow(/parity\.json" cannot be used: it is missing/);
  });
});

import { describe, expect, it, vi } from 'vitest';
import type { LaneTurns } from '../../../core/lanes/lane-scheduler.ts';
import { type OpenOnnxSession, openOnnxSession } from '../../../core/predict/onnx-session.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { sessionBytes } from '../../../core/predict/session-bytes.ts';
import { topK } from '../../../core/predict/top-k.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import {
  COLORS,
  colorManifest,
  colorOnnx,
  colorPicture,
  commitColorModel,
} from '../../support/color-model.ts';

const request = { model: 'color', topK: 3 };

/** Counts how often the ONNX file is read. */
function countLoads(inner: ObjectStore) {
  const counted = { loads: 0 };
  const store: ObjectStore = Object.create(inner, {
    get: {
      value: (...args: Parameters<ObjectStore['get']>) => {
        if (args[0].endsWith('.onnx')) counted.loads += 1;
        return inner.get(...args);
      },
    },
  });
  return { store, counted };
}

describe('createPredictor', () => {
  it('predicts pictures in their order, more of them than a batch holds', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    const pictures = await Promise.all(COLORS.map((color) => colorPicture(color)));
    const images = Array.from({ length: 40 }, (_, index) => pictures[index % 3] ?? new Uint8Array());
    images[17] = new Uint8Array([0, 1]);
    const predictor = createPredictor({ store, threads: 1 });
    const { outcomes, timingMs } = await predictor.predict({ ...request, images });
    predictor.close();
    expect(outcomes).toHaveLength(40);
    outcomes.forEach((outcome, index) => {
      if (index === 17) expect(outcome).toMatchObject({ ok: false, error: { code: 'image-unsupported' } });
      else expect(outcome).toMatchObject({ ok: true, predictions: [{ label: COLORS[index % 3] }, {}, {}] });
    });
    expect(timingMs.total).toBeGreaterThanOrEqual(timingMs.load + timingMs.preprocess + timingMs.infer);
  });

  it('lets go of pictures for which nobody waits any more', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    const predictor = createPredictor({ store, threads: 1 });
    const images = [await colorPicture('red')];
    const leaving = new AbortController();
    leaving.abort(new Error('gone'));
    await expect(predictor.predict({ ...request, images, signal: leaving.signal })).rejects.toThrow('gone');
    await expect(predictor.predict({ ...request, images })).resolves.toMatchObject({
      outcomes: [{ ok: true }],
    });
    predictor.close();
  });

  it('keeps a session until the last picture of a request that failed is computed', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    const calls: string[] = [];
    const openSession: OpenOnnxSession = async (...args) => {
      const session = await openOnnxSession(...args);
      return {
        ...session,
        run(run) {
          calls.push('run');
          return session.run(run);
        },
        async release() {
          calls.push('release');
        },
      };
    };
    const predictor = createPredictor({ store, threads: 1, openSession });
    const images = [await colorPicture('red'), await colorPicture('red')];
    await predictor.predict({ ...request, images });
    let pieces = 0;
    const turns: LaneTurns = {
      run: (piece) => {
        pieces += 1;
        return pieces === 1 ? piece(0) : Promise.reject(new Error('gone'));
      },
    };
    const failing = predictor.predict({ ...request, images, turns });
    await expect(failing).rejects.toThrow('gone');
    predictor.close();
    await vi.waitFor(() => expect(calls).toEqual(['run', 'run', 'run', 'release']));
  });

  it('loads a model once for concurrent first requests', async () => {
    const { store, counted } = countLoads(createMemoryStore());
    await commitColorModel(store);
    const predictor = createPredictor({ store, threads: 1 });
    const images = [await colorPicture('red')];
    await Promise.all(Array.from({ length: 10 }, () => predictor.predict({ ...request, images })));
    expect(counted.loads).toBe(1);
    predictor.close();
  });

  it('notices a model that was deleted and made again', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    let now = 0;
    const predictor = createPredictor({ store, threads: 1, clock: () => now });
    const images = [await colorPicture('red')];
    await predictor.predict({ ...request, images });
    now += 2000;
    for await (const { key } of store.list(keys.model('color'))) await store.delete(key);
    await expect(predictor.predict({ ...request, images })).rejects.toMatchObject({
      code: 'model-not-found',
    });
    await commitColorModel(store, { labels: ['rot', 'grün', 'blau'] });
    expect((await predictor.predict({ ...request, images })).outcomes).toMatchObject([
      { predictions: [{ label: 'rot' }, {}, {}] },
    ]);
    predictor.close();
  });

  it('goes on when more models are in use than fit', async () => {
    const store = createMemoryStore();
    for (const version of ['1', '2', '3'])
      await commitColorModel(store, { version, jobId: `ftjob-${version}` });
    const predictor = createPredictor({ store, threads: 1, maxCachedBytes: 1 });
    const images = [await colorPicture('green')];
    const versions = Array.from({ length: 12 }, (_, index) => String((index % 3) + 1));
    const results = await Promise.all(
      versions.map((version) => predictor.predict({ ...request, version, images })),
    );
    expect(results.map((result) => result.modelVersion)).toEqual(versions);
    for (const { outcomes } of results)
      expect(outcomes).toMatchObject([{ predictions: [{ label: 'green' }, {}, {}] }]);
  });

  it('keeps few of many small models loaded', async () => {
    const store = createMemoryStore();
    const versions = ['1', '2', '3', '4', '5', '6'];
    const { input, onnx } = colorManifest(colorOnnx());
    for (const version of versions) await commitColorModel(store, { version, jobId: `ftjob-${version}` });
    let open = 0;
    const predictor = createPredictor({
      store,
      maxCachedBytes: 3 * sessionBytes(onnx.sizeBytes, input),
      openSession: async (...args) => {
        const session = await openOnnxSession(...args);
        open += 1;
        return {
          ...session,
          release: async () => {
            open -= 1;
            await session.release();
          },
        };
      },
    });
    const images = [await colorPicture('green')];
    for (const version of versions) await predictor.predict({ ...request, version, images });
    expect(open).toBe(3);
    predictor.close();
  });

  it('releases what a request loads that goes on after the predictor was closed', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    let opened = 0;
    let released = 0;
    const openSession: OpenOnnxSession = async (...args) => {
      opened += 1;
      const session = await openOnnxSession(...args);
      if (opened === 1) predictor.close();
      return {
        ...session,
        async release() {
          released += 1;
          await session.release();
        },
      };
    };
    const predictor = createPredictor({ store, threads: 1, openSession });
    const images = [await colorPicture('red')];
    const { outcomes } = await predictor.predict({ ...request, images, heatmap: { label: 'top', scale: 1 } });
    expect(outcomes).toMatchObject([{ ok: true, heatmap: {} }]);
    expect([opened, released]).toEqual([2, 2]);
  });

  it.each([
    [
      'other bytes',
      async (store: ObjectStore, key: string) => void (await store.put(key, 'not the model')),
      /sha256/,
    ],
    ['no file', (store: ObjectStore, key: string) => store.delete(key), /missing/],
  ])('rejects a model with %s, naming the key', async (_, damage, problem) => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await damage(store, keys.modelFile('color', '1', 'model.onnx'));
    const predictor = createPredictor({ store, threads: 1 });
    const failed = predictor.predict({ ...request, images: [await colorPicture('red')] });
    await expect(failed).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringMatching(problem),
    });
    await expect(failed).rejects.toThrow('models/color/1/model.onnx');
  });

  it('rejects a model whose labels do not fit its output', async () => {
    const store = createMemoryStore();
    await commitColorModel(store, { labels: ['red', 'green'] });
    const predictor = createPredictor({ store, threads: 1 });
    const failed = predictor.predict({ ...request, images: [await colorPicture('red')] });
    await expect(failed).rejects.toMatchObject({ code: 'model-corrupt' });
    predictor.close();
  });
});

describe('topK', () => {
  it('ranks by score, ties by class', () => {
    const ranked = topK(new Float32Array([0.25, 0.5, 0.25]), ['a', 'b', 'c'], 2);
    expect(ranked).toEqual([
      { label: 'b', score: 0.5, index: 1 },
      { label: 'a', score: 0.25, index: 0 },
    ]);
  });
});

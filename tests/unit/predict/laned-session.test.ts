import { describe, expect, it } from 'vitest';
import { ONNX_INPUT_NAME, ONNX_OUTPUT_NAME } from '../../../core/network/onnx/to-onnx.ts';
import { createSessionLanes } from '../../../core/predict/laned-session.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { COLORS, colorOnnx, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { randomValues } from '../../support/random-weights.ts';

const OPTIONS = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;
const NAMES = { inputName: ONNX_INPUT_NAME, outputName: ONNX_OUTPUT_NAME };
const DIMS = [1, 8, 8, 3];
const picture = () => new Float32Array(randomValues(8 * 8 * 3, 1));

describe('a model on several lanes', () => {
  it('has a session on each, and all answer alike', async () => {
    const session = await createSessionLanes({ lanes: 3, maxBytes: 1e9 })(colorOnnx(), OPTIONS);
    expect(session.sessions).toBe(3);
    const runs = [0, 1, 2, 3].map((lane) => session.run({ ...NAMES, input: picture(), dims: DIMS }, lane));
    const [first, ...others] = await Promise.all(runs);
    for (const other of others) expect(other).toEqual(first);
    await session.release();
  });

  it('has fewer sessions where it is large, and one at least', async () => {
    const size = colorOnnx().byteLength;
    const open = createSessionLanes({ lanes: 4, maxBytes: 2.5 * size });
    const [two, another] = [await open(colorOnnx(), OPTIONS), await open(colorOnnx(), OPTIONS)];
    expect(two.sessions).toBe(2);
    const runs = [two, another].flatMap((session) =>
      [0, 1, 2, 3].map((lane) => session.run({ ...NAMES, input: picture(), dims: DIMS }, lane)),
    );
    for (const { dims } of await Promise.all(runs)) expect(dims).toEqual([1, 3]);
    const one = await createSessionLanes({ lanes: 4, maxBytes: 1 })(colorOnnx(), OPTIONS);
    expect(one.sessions).toBe(1);
    await Promise.all([two, another, one].map((session) => session.release()));
  });

  it('shares its threads with other models, also after one was released', async () => {
    const open = createSessionLanes({ lanes: 2, maxBytes: 1e9 });
    const [kept, released] = [await open(colorOnnx(), OPTIONS), await open(colorOnnx(), OPTIONS)];
    await released.release();
    expect((await kept.run({ ...NAMES, input: picture(), dims: DIMS }, 1)).dims).toEqual([1, 3]);
    await kept.release();
  });

  it('does not open what is no model, and opens the next', async () => {
    const open = createSessionLanes({ lanes: 2, maxBytes: 1e9 });
    await expect(open(Uint8Array.of(1, 2, 3), OPTIONS)).rejects.toThrow(/protobuf|model/i);
    await (await open(colorOnnx(), OPTIONS)).release();
  });

  it('serves many pictures of a request at once, in their order', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    const openSession = createSessionLanes({ lanes: 2, maxBytes: 1e9 });
    const predictor = createPredictor({ store, openSession });
    const colors = Array.from({ length: 9 }, (_, at) => COLORS[at % COLORS.length] ?? 'red');
    const images = await Promise.all(colors.map((color) => colorPicture(color)));
    const { outcomes } = await predictor.predict({ model: 'color', topK: 1, images });
    expect(outcomes).toMatchObject(colors.map((label) => ({ ok: true, predictions: [{ label }] })));
    predictor.close();
  });
});

import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { ONNX_INPUT_NAME, ONNX_OUTPUT_NAME, toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { openOnnxSession } from '../../../core/predict/onnx-session.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { runPicture } from '../../../core/predict/run-picture.ts';
import { openThreadedSession } from '../../../core/predict/threaded-session.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import {
  COLORS,
  colorManifest,
  colorOnnx,
  colorPicture,
  commitColorModel,
} from '../../support/color-model.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';

const OPTIONS = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;
const NAMES = { inputName: ONNX_INPUT_NAME, outputName: ONNX_OUTPUT_NAME };
const DIMS = [1, 8, 8, 3];
const picture = (seed: number) => new Float32Array(randomValues(8 * 8 * 3, seed));

describe.each([
  ['on the thread that asks', openOnnxSession],
  ['on a thread of its own', openThreadedSession],
])('a session %s', (_, open) => {
  it('answers every run with its own output', async () => {
    const onnx = Buffer.from(colorOnnx());
    const session = await open(onnx, OPTIONS);
    expect(session.inputNames).toEqual([ONNX_INPUT_NAME]);
    expect(session.outputNames).toEqual([ONNX_OUTPUT_NAME]);
    const run = (seed: number) => session.run({ ...NAMES, input: picture(seed), dims: DIMS });
    const together = await Promise.all([1, 2, 3].map(run));
    for (const [index, output] of together.entries()) {
      expect(output).toEqual(await run(index + 1));
      expect(output.values).toBeInstanceOf(Float32Array);
      expect(output.dims).toEqual([1, 3]);
    }
    expect(together[0]).not.toEqual(together[1]);
    await session.release();
    // The model's bytes were lent.
    expect(onnx).toEqual(Buffer.from(colorOnnx()));
  });

  it('says what ONNX Runtime says of a run that fails, and goes on', async () => {
    const session = await open(colorOnnx(), OPTIONS);
    await expect(session.run({ ...NAMES, input: picture(1), dims: [2, 8, 8, 3] })).rejects.toThrow(
      /Tensor|dims|size/,
    );
    expect((await session.run({ ...NAMES, input: picture(1), dims: DIMS })).dims).toEqual([1, 3]);
    await session.release();
  });

  it('refuses an input that was transferred before, and goes on', async () => {
    const session = await open(colorOnnx(), OPTIONS);
    const input = picture(1);
    structuredClone(input, { transfer: [input.buffer] });
    await expect(session.run({ ...NAMES, input, dims: DIMS })).rejects.toThrow(/transferred before|size/);
    expect((await session.run({ ...NAMES, input: picture(1), dims: DIMS })).dims).toEqual([1, 3]);
    await session.release();
  });

  it('does not open what is no model', async () => {
    await expect(open(Uint8Array.of(1, 2, 3), OPTIONS)).rejects.toThrow(/protobuf|model/i);
  });

  it('serves a model', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    const predictor = createPredictor({ store, threads: 1, openSession: open });
    const images = await Promise.all(COLORS.map((color) => colorPicture(color)));
    const { outcomes } = await predictor.predict({ model: 'color', topK: 1, images });
    expect(outcomes).toMatchObject(COLORS.map((label) => ({ ok: true, predictions: [{ label }] })));
    predictor.close();
  });
});

describe('a picture', () => {
  const input = { ...colorManifest(colorOnnx()).input, decoding: 3 } as const;

  it('is read on the thread of the session as on the one that asks', async () => {
    const photo = await sharp({ create: { width: 90, height: 70, channels: 3, background: '#c83214' } })
      .composite([
        { input: { create: { width: 31, height: 70, channels: 3, background: '#14c8fa' } }, left: 0, top: 0 },
      ])
      .png()
      .toBuffer();
    // A part of a body, as of a form.
    const bytes = Buffer.concat([Buffer.alloc(1000, 7), photo]).subarray(1000);
    const [here, there] = [
      await openOnnxSession(colorOnnx(), OPTIONS),
      await openThreadedSession(colorOnnx(), OPTIONS),
    ];
    const picture = { ...NAMES, input, bytes };
    const expected = await runPicture(picture, here.run);
    expect(expected).toMatchObject({ output: { dims: [1, 3] } });
    for (let time = 0; time < 2; time++) {
      const { timing, ...read } = (await there.runPicture?.(picture)) ?? {};
      expect({ ...expected, ...read }).toEqual(expected);
      expect(timing).toEqual({
        decode: expect.any(Number),
        preprocess: expect.any(Number),
        infer: expect.any(Number),
      });
    }
    expect(bytes).toHaveLength(photo.length);
    await Promise.all([here.release(), there.release()]);
  });

  it('that cannot be read is refused with its code, and the next is read', async () => {
    const session = await openThreadedSession(colorOnnx(), OPTIONS);
    const read = (bytes: Uint8Array) => session.runPicture?.({ ...NAMES, input, bytes });
    expect(await read(Buffer.from('no picture'))).toMatchObject({
      refusal: { code: 'image-unsupported', message: expect.stringContaining('format') },
    });
    expect(await read(await colorPicture('red'))).toMatchObject({ output: { dims: [1, 3] } });
    await session.release();
  });
});

describe('a session on a thread of its own', () => {
  it('leaves the thread that asks to others while it computes', async () => {
    const n = createNetworkBuilder('net', { height: 128, width: 128, channels: 3 });
    n.conv2d(n.input(), { filters: 256, kernelSize: 7 });
    const network = n.build();
    const session = await openThreadedSession(toOnnx(network, randomWeights(network, 1)), OPTIONS);
    const input = new Float32Array(128 * 128 * 3);
    let turns = 0;
    let isDone = false;
    const running = session.run({ ...NAMES, input, dims: [1, 128, 128, 3] }).then(() => {
      isDone = true;
    });
    while (!isDone) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await running;
    // Some milliseconds of arithmetic are thousands of turns.
    expect(turns).toBeGreaterThan(10);
    await session.release();
  });

  it('fails where its thread cannot read what it is asked, and goes on', async () => {
    const session = await openThreadedSession(colorOnnx(), OPTIONS);
    const input = new Float32Array(1);
    structuredClone(input, { transfer: [input.buffer] });
    await expect(session.run({ ...NAMES, input, dims: [0, 8, 8, 3] })).rejects.toThrow('deserialize');
    expect((await session.run({ ...NAMES, input: picture(1), dims: DIMS })).dims).toEqual([1, 3]);
    await session.release();
  });

  it('fails where an answer of its thread cannot be read, and goes on', async () => {
    const post = vi.spyOn(Worker.prototype, 'postMessage');
    const session = await openThreadedSession(colorOnnx(), OPTIONS);
    const worker = post.mock.contexts[0] as Worker;
    post.mockRestore();
    const running = session.run({ ...NAMES, input: picture(1), dims: DIMS });
    worker.emit('messageerror', new Error('unreadable'));
    await expect(running).rejects.toThrow('unreadable');
    expect((await session.run({ ...NAMES, input: picture(1), dims: DIMS })).dims).toEqual([1, 3]);
    await session.release();
  });

  it('takes no run once its thread has ended', async () => {
    const session = await openThreadedSession(colorOnnx(), OPTIONS);
    await session.release();
    await expect(session.run({ ...NAMES, input: picture(1), dims: DIMS })).rejects.toThrow('exit code');
  });
});

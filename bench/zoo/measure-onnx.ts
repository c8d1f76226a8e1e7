// Measures size and speed of an architecture as it is served: in ONNX, with its default input, one picture at a time.

import * as ort from 'onnxruntime-node';
import type { Architecture } from '../../core/network/description/network.ts';
import { toOnnx } from '../../core/network/onnx/to-onnx.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { present } from '../../core/present.ts';
import { ruleInput } from '../../tests/support/keras-golden.ts';

/** Threads of ONNX Runtime. */
export const THREADS = 2;
/** Number of classes of every network. */
export const CLASSES = 1000;
const WARM_UP_RUNS = 2;
const LEAST_RUNS = 5;
const MOST_RUNS = 50;
const ENOUGH_MS = 1500;

/** Size and speed of one network. */
export interface OnnxMeasurement {
  readonly sizeBytes: number;
  readonly medianMs: number;
  /** The fastest run: the time where nothing disturbs the machine. */
  readonly fastestMs: number;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Exports a network with seeded weights and times it. */
export async function measureOnnx({ build, defaultInputSize }: Architecture): Promise<OnnxMeasurement> {
  const network = build({ inputSize: defaultInputSize, classes: CLASSES });
  const model = toOnnx(network, initializeWeights(network, 1));
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: THREADS,
    logSeverityLevel: 3,
  });
  try {
    const { height, width, channels } = defaultInputSize;
    const shape = [1, height, width, channels];
    const inputName = present(session.inputNames[0], 'an input of the model');
    const feeds = { [inputName]: new ort.Tensor('float32', ruleInput(shape, '-1..1'), shape) };
    for (let i = 0; i < WARM_UP_RUNS; i++) await session.run(feeds);
    const times: number[] = [];
    const startedMs = performance.now();
    while (
      times.length < LEAST_RUNS ||
      (times.length < MOST_RUNS && performance.now() - startedMs < ENOUGH_MS)
    ) {
      const runStartedMs = performance.now();
      await session.run(feeds);
      times.push(performance.now() - runStartedMs);
    }
    return { sizeBytes: model.byteLength, medianMs: median(times), fastestMs: Math.min(...times) };
  } finally {
    await session.release();
  }
}

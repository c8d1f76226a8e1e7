// Measures features a second: the forward pass on the device, and ONNX Runtime's on the CPUs of the same machine.
// Arguments: back end, architecture, seconds.

import * as ort from 'onnxruntime-node';
import { openBackbone, toOnnxBackbone } from '../../batch-job/base/backbone-session.ts';
import type { BackendName, ForwardOptions } from '../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { splitAt } from '../../core/network/surgery/split-at.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { report } from './report-line.ts';

const CPU_BATCH = 8;
const CPU_RUNS = 3;

const [backend = 'native', architecture = 'mobilenet_v2_1.0', seconds = '3'] = process.argv.slice(2);
const found = findArchitecture(architecture);
const { defaultInputSize: inputSize, preprocessing } = found;
const { backbone } = splitAt(found.build({ inputSize, classes: 10 }), found.featureLayer);
const weights = initializeWeights(backbone, 1);
const imageSize = inputSize.height * inputSize.width * inputSize.channels;
/** Pixels that do not start at a multiple of 16 bytes, because the addon would copy those once more. */
function pixelsOf(count: number): Uint8Array {
  const pixels = new Uint8Array(new ArrayBuffer(count * imageSize + 4), 4);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 7 + (i >> 9)) & 255;
  return pixels;
}

async function speedOf(batch: number, run: () => Promise<unknown>): Promise<number> {
  await run();
  await run();
  const fromMs = performance.now();
  let runs = 0;
  while (performance.now() - fromMs < 1000 * Number(seconds) || runs < 2) {
    await run();
    runs++;
  }
  return Math.round((10_000 * batch * runs) / (performance.now() - fromMs)) / 10;
}

const engine = await openEngine({
  backend: backend as BackendName,
  cacheDirectory: cacheDirectory(process.env),
});
let reference: Float32Array | undefined;
for (const [batch, precision] of [
  [64, 'float32'],
  [256, 'float32'],
  [256, 'bfloat16'],
  [256, 'float16'],
] as const) {
  try {
    const options: ForwardOptions = {
      network: backbone,
      weights,
      batchSize: batch,
      preprocessing,
      precision,
    };
    const forward = await engine.createForward(options);
    const pixels = pixelsOf(batch);
    const first = (await forward.run(pixels, batch)).slice(0, 64);
    reference ??= first;
    const largest = Math.max(...reference.map(Math.abs));
    const difference =
      Math.max(...first.map((value, i) => Math.abs(value - (reference?.[i] ?? 0)))) / largest;
    const picturesPerSecond = await speedOf(batch, () => forward.run(pixels, batch));
    report({ features: architecture, on: backend, batch, precision, picturesPerSecond, difference, largest });
    forward.dispose();
  } catch (error) {
    report({ features: architecture, on: backend, batch, precision, failed: String(error).slice(0, 300) });
  }
}
const served = toOnnxBackbone(backbone, weights);
/** ONNX Runtime on the GPU, which runs imported backbones. */
async function measureCudaProvider(): Promise<void> {
  const batch = 128;
  const device = await ort.InferenceSession.create(served.onnx, { executionProviders: ['cuda', 'cpu'] });
  const processors = await ort.InferenceSession.create(served.onnx);
  const [inputName = '', outputName = ''] = [device.inputNames[0], device.outputNames[0]];
  const images = Float32Array.from(pixelsOf(batch), (value) => value / 127.5 - 1);
  const tensorOf = (count: number) =>
    new ort.Tensor('float32', images.subarray(0, count * imageSize), [
      count,
      inputSize.height,
      inputSize.width,
      inputSize.channels,
    ]);
  const ours = (await device.run({ [inputName]: tensorOf(CPU_BATCH) }))[outputName]?.data as Float32Array;
  const theirs = (await processors.run({ [inputName]: tensorOf(CPU_BATCH) }))[outputName]
    ?.data as Float32Array;
  const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference =
    ours.reduce((most, value, i) => Math.max(most, Math.abs(value - (theirs[i] ?? 0))), 0) / largest;
  const picturesPerSecond = await speedOf(batch, () => device.run({ [inputName]: tensorOf(batch) }));
  report({ features: architecture, on: 'CUDA provider', batch, picturesPerSecond, difference });
}
if (backend === 'gpu') {
  await measureCudaProvider().catch((error: unknown) =>
    report({ features: architecture, on: 'CUDA provider', failed: String(error).slice(0, 300) }),
  );
}
const session = await openBackbone(served, {
  ...inputSize,
  preprocessing,
  resize: 'stretch',
});
const picturesPerSecond = await speedOf(CPU_BATCH * CPU_RUNS, () =>
  Promise.all(
    Array.from({ length: CPU_RUNS }, () =>
      session.run(new Float32Array(CPU_BATCH * imageSize).fill(0.1), CPU_BATCH),
    ),
  ),
);
report({
  features: architecture,
  on: 'processors',
  batch: CPU_BATCH,
  precision: 'float32',
  picturesPerSecond,
});
process.exit(0);

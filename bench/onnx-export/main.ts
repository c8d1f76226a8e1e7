// The same MobileNetV2 with the same weights, exported here and by tf2onnx from Keras: milliseconds a picture in ONNX
// Runtime, taking turns in one process. Prints the ratio; below 1 is faster than tf2onnx.
//
//   node --import tsx bench/onnx-export/main.ts <mobilenet_v2_1.0_224.h5> [python]
//
// The Python needs tensorflow, keras and tf2onnx.

import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { toOnnx } from '../../core/network/onnx/to-onnx.ts';
import { fromKeras } from '../../core/network/weights/from-keras.ts';
import { present } from '../../core/present.ts';

const ROUNDS = 60;
const CLASSES = 1000;
const SHAPE = [1, 224, 224, 3];

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function exportHere(weightsFile: string): Promise<Uint8Array> {
  const { build, defaultInputSize } = findArchitecture('mobilenet_v2_1.0');
  const network = build({ inputSize: defaultInputSize, classes: CLASSES });
  return toOnnx(network, await fromKeras(network, await readFile(weightsFile)));
}

/** The file that tf2onnx exports; undefined where it cannot, with the reason printed. */
async function exportByTf2onnx(weightsFile: string, python: string): Promise<Uint8Array | undefined> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-bench-'));
  const file = path.join(folder, 'keras.onnx');
  try {
    const script = path.join(import.meta.dirname, 'export-keras.py');
    execFileSync(python, [script, weightsFile, file], { stdio: ['ignore', 'ignore', 'pipe'] });
    return await readFile(file);
  } catch (error) {
    const reason =
      error instanceof Error
        ? present(error.message.trim().split('\n').at(-1), 'a last line')
        : String(error);
    console.log(`skipped: ${python} cannot export by tf2onnx (${reason})`);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeTogether(models: readonly Uint8Array[]) {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const;
  const sessions = await Promise.all(models.map((model) => InferenceSession.create(model, options)));
  const values = Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => Math.sin(i));
  const times = sessions.map((): number[] => []);
  let outputs: Float32Array[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    outputs = [];
    for (const [i, session] of sessions.entries()) {
      const started = performance.now();
      const results = await session.run({
        [present(session.inputNames[0], 'an input of the model')]: new Tensor('float32', values, SHAPE),
      });
      times[i]?.push(performance.now() - started);
      outputs.push(results[present(session.outputNames[0], 'an output of the model')]?.data as Float32Array);
    }
  }
  for (const session of sessions) await session.release();
  return { medians: times.map(median), outputs };
}

const [weightsFile, python = 'python3'] = process.argv.slice(2);
if (weightsFile === undefined) {
  console.error('Name a weight file: bench/onnx-export/main.ts <mobilenet_v2_1.0_224.h5> [python]');
  process.exit(2);
}
const peer = await exportByTf2onnx(weightsFile, python);
if (peer !== undefined) {
  const { medians, outputs } = await timeTogether([await exportHere(weightsFile), peer]);
  const [here = Number.NaN, there = Number.NaN] = medians;
  const [a = new Float32Array(), b = new Float32Array()] = outputs;
  const difference = a.reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] ?? Number.NaN))), 0);
  console.log(`Fovea    ${here.toFixed(2)} ms per picture (median of ${ROUNDS}, one thread)`);
  console.log(`tf2onnx  ${there.toFixed(2)} ms per picture`);
  console.log(
    `ratio    ${(here / there).toFixed(3)}; probabilities differ by at most ${difference.toExponential(1)}`,
  );
}

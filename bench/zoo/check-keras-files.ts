// Reads weight files that Keras writes, in every layout that it has, and compares them with the weights that Keras wrote.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Architecture } from '../../core/network/description/network.ts';
import { toOnnx } from '../../core/network/onnx/to-onnx.ts';
import { fromKeras } from '../../core/network/weights/from-keras.ts';
import { goldenInput, goldenWeights, maxDifference, SHARED_DIR } from '../../tests/support/keras-golden.ts';
import { runOnnx } from '../../tests/support/run-onnx.ts';
import { goldenNameOf, goldenOf, networkOf } from './goldens.ts';

const WRITER = path.join(import.meta.dirname, 'write-keras-files.py');
const PROBABILITY_TOLERANCE = 1e-4;
const run = promisify(execFile);

/** The outcome for one architecture. */
export interface KerasFilesCheck {
  readonly architecture: string;
  /** What was done, in words for the terminal. */
  readonly result: string;
  readonly problem?: string;
}

/**
 * Lets Keras write the files of one architecture with its golden's weights, and reads each of them.
 * @param python a command that has Keras.
 * @throws Node's error where Keras fails.
 */
export async function checkKerasFiles(architecture: Architecture, python: string): Promise<KerasFilesCheck> {
  const { name } = architecture;
  const golden = goldenOf(name);
  if (golden === undefined)
    return { architecture: name, result: 'skipped: there is no golden of it in ../shared/goldens/keras' };
  const folder = await mkdtemp(path.join(tmpdir(), 'fovea-keras-'));
  try {
    await run(python, [WRITER, path.join(SHARED_DIR, 'goldens/keras'), goldenNameOf(name) ?? name, folder]);
    const network = networkOf(architecture, golden);
    const expected = goldenWeights(golden);
    const files = (await readdir(folder)).toSorted((a, b) => a.localeCompare(b));
    const problems: string[] = [];
    for (const file of files) {
      const weights = await fromKeras(network, await readFile(path.join(folder, file)));
      for (const [key, values] of expected) {
        if (!isSame(values, weights.get(key))) problems.push(`${file}: ${key} is not what Keras wrote`);
      }
    }
    const last = files.at(-1);
    if (last === undefined) problems.push('Keras wrote no file');
    // Equal weights give equal answers, so one file is enough.
    const probabilities = golden.outputs.softmax?.flat();
    let answer = 'no classifier';
    if (last !== undefined && probabilities !== undefined) {
      const weights = await fromKeras(network, await readFile(path.join(folder, last)));
      const outputs = await runOnnx(toOnnx(network, weights), goldenInput(golden), golden.inputShape);
      const difference = maxDifference(
        outputs.get('probabilities')?.values ?? new Float32Array(),
        probabilities,
      );
      answer = `probabilities differ by ${difference.toExponential(1)}`;
      if (!(difference <= PROBABILITY_TOLERANCE)) problems.push(answer);
    }
    const result = `${expected.size} weights equal in ${files.join(', ')}; ${answer}`;
    return problems.length === 0
      ? { architecture: name, result }
      : { architecture: name, result: 'failed', problem: problems.slice(0, 3).join('; ') };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const isSame = (a: Float32Array, b: Float32Array | undefined): boolean =>
  b !== undefined && a.length === b.length && a.every((value, i) => value === b[i]);

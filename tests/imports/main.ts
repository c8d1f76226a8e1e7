// `npm run test:imports`: makes exports of real size anew with their own programs, and compares what is served with what those answer.
// Teachable Machine's network is MobileNetV2 (0.35) at 224 pixels: from Keras, in a Python environment, and from TensorFlow.js.
// Needs Python 3.10 to 3.12 and a package index.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';
import { filesOfBytes, filesOfFolder } from '../../core/classifier/classifier-files.ts';
import { browserAnswers, browserExport } from '../support/browser-export.ts';
import { importAndCompare, readAnswers } from '../support/imported-answers.ts';
import { preparePython } from '../support/python-environment.ts';
import { startTfjs } from '../support/run-tfjs.ts';

const run = promisify(execFile);
const SCRIPT_DIR = path.join(import.meta.dirname, '../fixtures/imports');
const SCRIPT = path.join(SCRIPT_DIR, 'make_imports.py');
const TOLERANCE = 1e-3;
const SIDE = 224;

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-imports-'));
const failures: string[] = [];

function tell(source: string, difference: number): void {
  const words = `${source}: the largest difference on ten pictures is ${difference.toExponential(1)}; at most ${TOLERANCE} is allowed.`;
  console.log(words);
  if (!(difference <= TOLERANCE)) failures.push(words);
}

try {
  const packages = (await readFile(path.join(SCRIPT_DIR, 'requirements.txt'), 'utf8')).trim().split('\n');
  const python = path.join(await preparePython('imports', packages), 'python');
  await run(python, [SCRIPT, folder, '--full']);
  const teachable = path.join(folder, 'teachable');
  const keras = await importAndCompare(await filesOfFolder(teachable), await readAnswers(teachable));
  tell(`Teachable Machine's network from Keras, ${keras.manifest.onnx.sizeBytes} bytes`, keras.difference);

  await run(python, [SCRIPT, folder]);
  for (const name of ['custom-vision', 'roboflow']) {
    const made = path.join(folder, name);
    const { difference } = await importAndCompare(await filesOfFolder(made), await readAnswers(made));
    tell(`${name}'s ONNX export`, difference);
  }

  await startTfjs();
  const { model, files } = await browserExport(SIDE);
  const answers = browserAnswers(model, SIDE);
  const archive = filesOfBytes('tm-my-image-model.zip', zipSync(Object.fromEntries(files)));
  const browser = await importAndCompare(archive, { side: SIDE, answers });
  tell('a network of the same layers from TensorFlow.js', browser.difference);
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (failures.length > 0) process.exit(1);

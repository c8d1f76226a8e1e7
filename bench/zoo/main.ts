// Measures the zoo, writes a table, and checks every row of it. Exits with 1 where a row fails.
//
//   npm run zoo                            all architectures, to the terminal and to bench/ZOO.md
//   npm run zoo -- --only lenet5 vgg16     these alone, to the terminal
//   npm run zoo -- --keras --python VENV/bin/python
//                                          has Keras write weight files of every architecture, and reads them
//
// Reference outputs are those in ../shared/goldens/keras.

import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { Presets, SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { ARCHITECTURES, findArchitecture } from '../../core/network/architectures/architectures.ts';
import type { Architecture } from '../../core/network/description/network.ts';
import { isMissing, SHARED_DIR } from '../../tests/support/keras-golden.ts';
import { checkKerasFiles } from './check-keras-files.ts';
import { CLASSES, THREADS } from './measure-onnx.ts';
import { measureRow, toMarkdown, type ZooRow } from './zoo-row.ts';

const TABLE_FILE = new URL('../ZOO.md', import.meta.url);

const program = new Command('zoo')
  .option('--only <architectures...>', 'measure these only; bench/ZOO.md stays as it is')
  .option('--keras', 'read weight files that Keras writes here, instead of measuring')
  .option('--python <command>', 'a Python that has Keras and TensorFlow', 'python3')
  .parse();
const options = program.opts<{
  readonly only?: readonly string[];
  readonly keras?: true;
  readonly python: string;
}>();
const chosen = options.only?.map(findArchitecture) ?? ARCHITECTURES;
isMissing(`${SHARED_DIR}/goldens/keras`);

/** Does the work for each architecture, with a progress bar on a terminal. */
async function forEach<T>(work: (architecture: Architecture) => Promise<T>): Promise<T[]> {
  const bar = new SingleBar({ format: '{bar} {value}/{total} {name}' }, Presets.shades_classic);
  if (process.stderr.isTTY) bar.start(chosen.length, 0, { name: '' });
  const results: T[] = [];
  for (const architecture of chosen) {
    bar.update(results.length, { name: architecture.name });
    results.push(await work(architecture));
    // Without a terminal there is no bar.
    if (!process.stderr.isTTY) console.error(`${results.length}/${chosen.length} ${architecture.name}`);
  }
  bar.update(results.length, { name: '' });
  bar.stop();
  return results;
}

async function measure(): Promise<readonly string[]> {
  const [load = 0] = os.loadavg();
  const engine = await openEngine({ backend: 'auto', cacheDirectory: cacheDirectory(process.env) });
  const rows: ZooRow[] = await forEach((architecture) => measureRow(engine, architecture));
  const failed = rows.filter((row) => row.problems.length > 0).length;
  const table = [
    '# The zoo',
    'Made by `npm run zoo`. A row holds where parameters are those that Keras 3.15 counts, and the largest difference of ' +
      'probabilities from Keras (evaluated in float64, with the same weights and input) is at most 1e-5 for TensorFlow.js ' +
      `and 1e-4 for ONNX. ${failed === 0 ? 'Every row holds.' : `${failed} do not hold, marked ✗.`}`,
    toMarkdown(rows),
    '† There are no probabilities of Keras to compare with; the difference is between TensorFlow.js and ONNX, with random weights. `three_conv_cnn` is compared with ' +
      "Keras's up to its last convolution, by parameters and by the outputs there.",
    `ONNX files are float32, with ${CLASSES} classes. Milliseconds are the median, and the fastest, of one picture after the other in ONNX Runtime, ` +
      `${THREADS} threads, on ${os.cpus()[0]?.model.trim() ?? 'an unknown processor'}, of which ${os.cpus().length} cores had a load of ${load.toFixed(0)} before the run; ` +
      `TensorFlow.js ran on its ${engine.info.backend} back end.`,
  ].join('\n\n');
  console.log(table);
  const problems = rows.flatMap((row) =>
    row.problems.map((problem) => `${row.architecture.name}: ${problem}`),
  );
  if (problems.length === 0 && options.only === undefined) writeFileSync(TABLE_FILE, `${table}\n`);
  return problems;
}

async function readKerasFiles(): Promise<readonly string[]> {
  const checks = await forEach((architecture) =>
    // A file that cannot be read does not stop the others.
    checkKerasFiles(architecture, options.python).catch((error: Error) => ({
      architecture: architecture.name,
      result: 'failed',
      problem: error.message,
    })),
  );
  for (const { architecture, result } of checks) console.log(`${architecture.padEnd(20)} ${result}`);
  return checks.flatMap(({ architecture, problem }) =>
    problem === undefined ? [] : [`${architecture}: ${problem}`],
  );
}

const problems = options.keras ? await readKerasFiles() : await measure();
for (const problem of problems) console.error(`Does not hold: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);

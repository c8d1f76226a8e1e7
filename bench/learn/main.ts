// Fovea beside its peers on folders of pictures, over several seeds: its default and its full recipe, logistic regression on the
// same features, and Keras's fine-tune in two stages. All arms of a seed have the same training and test pictures.
//
//   npm run bench:learn -- --data FOLDER... --python COMMAND
//
// A folder may have a set of its own for each seed, in `draw-SEED`. Arms, seeds and sets can run one by one: results are added to a file, and the table shows the newest of each.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { KERAS_BACKBONES } from '../keras-backbones.ts';
import { ARM_NAMES, type ArmName } from './arms.ts';
import { toTables } from './print-table.ts';
import { addResult, findResult, newestResults, readResults } from './results.ts';
import { openSet } from './run-arm.ts';

const options = new Command('bench:learn')
  .option('--data <folders...>', 'a subfolder for each class, or folders for the splits', [
    '../shared/data/photos/grocery_fruit',
  ])
  .option('--weights <folder>', 'pretrained weights', '../shared/data/weights')
  .addOption(
    new Option('--base <names...>', 'networks to fine-tune')
      .choices(KERAS_BACKBONES.map(({ name }) => name))
      .default(['mobilenet_v2_0.35']),
  )
  .addOption(new Option('--only <arms...>', 'arms to run').choices(ARM_NAMES).default(ARM_NAMES))
  .option('--seeds <numbers...>', 'seeds', ['1', '2', '3'])
  .option('--test-share <share>', 'share for the test where a folder has no test folder', Number, 0.3)
  .option('--python <command>', 'a Python that has Keras, TensorFlow and scikit-learn', 'python3')
  .option('--epochs <numbers...>', "Keras's epochs of both stages; default: those of its recipes")
  .option('--results <file>', 'where results are kept', 'bench-learn.json')
  .option('--missing', 'run only what the file has no result of')
  .option('--table', 'run nothing, print the table')
  .parse()
  .opts<{
    readonly data: readonly string[];
    readonly weights: string;
    readonly base: readonly string[];
    readonly only: readonly ArmName[];
    readonly seeds: readonly string[];
    readonly testShare: number;
    readonly python: string;
    readonly epochs?: readonly string[];
    readonly results: string;
    readonly missing?: boolean;
    readonly table?: boolean;
  }>();

const sets = options.data.map((folder) => ({ folder, name: path.basename(path.resolve(folder)) }));
const wanted = ARM_NAMES.filter((arm) => options.only.includes(arm));

for (const { folder, name } of options.table ? [] : sets) {
  for (const seed of options.seeds.map(Number)) {
    const known = await readResults(options.results);
    const runs = options.base.flatMap((base) => wanted.map((arm) => ({ set: name, base, arm, seed })));
    const open = options.missing ? runs.filter((run) => findResult(known, run) === undefined) : runs;
    if (open.length === 0) continue;
    const temporary = await mkdtemp(path.join(os.tmpdir(), 'fovea-bench-'));
    try {
      const drawn = path.join(folder, `draw-${seed}`);
      const source = existsSync(drawn) ? drawn : folder;
      const set = await openSet({ ...options, folder: source, temporary, seed });
      for (const run of open) {
        console.log(`${name}, ${run.base}, seed ${seed}: ${run.arm}`);
        const result = await set.run(run, await readResults(options.results));
        if (result !== undefined) await addResult(options.results, result);
      }
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
}
const named = new Set(sets.map(({ name }) => name));
console.log(toTables(newestResults(await readResults(options.results)).filter(({ set }) => named.has(set))));

// Trainers over a storage that fails, killed at random moments, short of memory and of disk, and cancelled: every job must
// end right, and nothing be lost.
//
//   npm run test:chaos -- [--kills 20] [--faults 0.1] [--seed 1] [--only kills,memory,cancel,disk,lease]

import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { newTable } from '../../cli/terminal/plain-table.ts';
import { runCancels } from './cancels.ts';
import { type Chaos, openChaos, type Row } from './chaos-context.ts';
import { runFullDisk } from './full-disk.ts';
import { runKills } from './kills.ts';
import { runLostLease } from './lost-lease.ts';
import { runMemoryLimits } from './memory-limits.ts';

const options = new Command('test:chaos')
  .option('--kills <n>', 'in all', Number, 20)
  .option('--faults <share>', 'of the storage calls', Number, 0.1)
  .option('--seed <n>', 'of the moments', Number, 1)
  .option('--only <names>', 'of the scenarios, separated by commas', 'kills,memory,cancel,disk,lease')
  .parse()
  .opts<{ readonly kills: number; readonly faults: number; readonly seed: number; readonly only: string }>();

const SCENARIOS: Readonly<Record<string, (chaos: Chaos) => Promise<readonly Row[]>>> = {
  kills: (chaos) => runKills(chaos, options.kills),
  memory: runMemoryLimits,
  cancel: runCancels,
  disk: runFullDisk,
  lease: runLostLease,
};

const chaos = await openChaos({ seed: options.seed, faultRate: options.faults });
const rows: Row[] = [];
const startedMs = performance.now();
try {
  for (const name of options.only.split(',')) {
    const run = SCENARIOS[name];
    if (run === undefined) throw new Error(`There is no scenario "${name}": ${Object.keys(SCENARIOS)}.`);
    for (const row of await run(chaos)) {
      rows.push(row);
      console.log(`${row.isRight ? 'right' : 'WRONG'}: ${row.scenario}: ${row.found}`);
    }
  }
} finally {
  await rm(fileURLToPath(chaos.storeUrl), { recursive: true, force: true });
}
const table = newTable(['scenario', 'found', ''], 3);
for (const { scenario, found, isRight } of rows) table.push([scenario, found, isRight ? 'right' : 'WRONG']);
console.log(table.toString());
const wrong = rows.filter(({ isRight }) => !isRight).length;
console.log(
  `${rows.length - wrong} of ${rows.length} right, ${100 * options.faults} % of the storage calls at fault, ` +
    `${((performance.now() - startedMs) / 60_000).toFixed(1)} min.`,
);
process.exit(wrong === 0 ? 0 : 1);

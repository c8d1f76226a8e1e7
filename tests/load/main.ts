// A server at four times what it can do, for a minute; its memory over many predictions and models; a restart under load; a trainer beside
// it. Prints a table, and exits with 1 where a line fails.
//
//   npm run test:load -- [--short] [--seconds 60] [--predictions 100000] [--swaps 500] [--only overload,memory,restart,trainer]

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { newTable } from '../../cli/terminal/plain-table.ts';
import { runMemory } from './memory.ts';
import { runOverload } from './overload.ts';
import { runRestart } from './restart.ts';
import type { LoadLine, LoadTest } from './server.ts';
import { runTrainer } from './trainer.ts';

const SHORT = { seconds: 10, predictions: 2000, swaps: 40 } as const;
const LONG = { seconds: 60, predictions: 100_000, swaps: 500 } as const;

const given = new Command('test:load')
  .option('--short', 'ten seconds each, to rehearse')
  .option('--seconds <n>', 'of overload', Number)
  .option('--predictions <n>', 'after which memory is compared', Number)
  .option('--swaps <n>', 'of models, after which memory is compared', Number)
  .option('--only <names>', 'of the parts, separated by commas', 'overload,memory,restart,trainer')
  .parse()
  .opts<Partial<typeof LONG> & { readonly short?: boolean; readonly only: string }>();

const PARTS: Readonly<Record<string, (test: LoadTest) => Promise<readonly LoadLine[]>>> = {
  overload: runOverload,
  memory: runMemory,
  restart: runRestart,
  trainer: runTrainer,
};

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-load-'));
const test: LoadTest = { ...(given.short ? SHORT : LONG), ...given, folder };
const lines: LoadLine[] = [];
console.log(
  `${os.availableParallelism()} cores, load average ${os.loadavg()[0]?.toFixed(1)} before: other work on the machine widens every time.`,
);
try {
  for (const name of given.only.split(',')) {
    const run = PARTS[name];
    if (run === undefined) throw new Error(`There is no part "${name}": ${Object.keys(PARTS)}.`);
    for (const line of await run(test)) {
      lines.push(line);
      console.log(`${line.isRight ? 'right' : 'WRONG'}: ${line.what}: ${line.found}; ${line.allowed}`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const table = newTable(['what', 'found', 'allowed', ''], 4);
for (const { what, found, allowed, isRight } of lines)
  table.push([what, found, allowed, isRight ? 'right' : 'WRONG']);
console.log(table.toString());
process.exit(lines.every(({ isRight }) => isRight) ? 0 : 1);

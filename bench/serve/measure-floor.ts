// Measures the floor: as many bare loops as there would be clients at work.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Which model, and how many loops at once. */
export interface FloorOptions {
  readonly dataDir: string;
  readonly model: string;
  readonly files: readonly string[];
  readonly seconds: number;
  readonly loops: number;
}

/** Pictures a second, of all loops together. */
export async function measureFloor({ dataDir, model, files, seconds, loops }: FloorOptions): Promise<number> {
  const worker = fileURLToPath(new URL('floor-worker.ts', import.meta.url));
  const workers = Array.from({ length: loops }, () =>
    fork(worker, [dataDir, model, String(seconds), ...files], {
      execArgv: ['--import', import.meta.resolve('tsx')],
    }),
  );
  await Promise.all(workers.map((each) => once(each, 'message')));
  const results = workers.map(
    (each) => once(each, 'message') as Promise<[{ answered: number; seconds: number }]>,
  );
  for (const each of workers) each.send('go');
  const rates = (await Promise.all(results)).map(([result]) => result.answered / result.seconds);
  return rates.reduce((sum, rate) => sum + rate, 0);
}

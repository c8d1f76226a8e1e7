// Ten workers on a hundred jobs, over a folder and over S3: each job runs exactly once. Then with kills of whole machines and with
// SIGTERM: each job ends right, no two trainers are ever at work on one, and nothing is begun again that was given back or finished.
// Trainers are stubs, so that the store and the leases are all that is tried.
//
//   npm run test:workers -- [--workers 10] [--jobs 100] [--kills 15] [--only folder,s3]

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { startS3 } from '../support/start-s3.ts';
import { openStubStore, type StubStore } from '../support/stub-store.ts';
import { bundleWorker, endWorker, startWorker } from '../support/worker-process.ts';

const { workers, jobs, kills, only } = new Command('test:workers')
  .option('--workers <n>', 'at once', Number, 10)
  .option('--jobs <n>', 'in the part without kills; a third of them in the part with kills', Number, 100)
  .option('--kills <n>', 'of machines; as many workers are told to stop', Number, 15)
  .option('--only <names>', 'folder, s3', 'folder,s3')
  .parse()
  .opts<{
    readonly workers: number;
    readonly jobs: number;
    readonly kills: number;
    readonly only: string;
  }>();
const POLL_MS = 200;

const programs = await bundleWorker();
const folder = await mkdtemp(path.join(tmpdir(), 'fovea-workers-'));
const names = only.split(',');
const s3 = names.includes('s3') ? await startS3() : undefined;
let wrong = 0;

function report(what: string, problems: readonly string[], startedMs: number): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  console.log(`${problems.length === 0 ? 'right' : 'WRONG'}: ${what}, ${seconds} s. ${problems.join(' ')}`);
  if (problems.length > 0) wrong += 1;
}

async function tryStore(
  name: string,
  storeUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const stub = await openStubStore(storeUrl, s3?.options);
  const running = new Set<ChildProcess>();
  let started = 0;
  const start = async (steps: number, stepMs: number) => {
    started += 1;
    running.add(await startWorker({ programs, storeUrl, name: `worker ${started}`, steps, stepMs, env }));
  };
  const end = async (child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL') => {
    running.delete(child);
    await endWorker(child, signal);
  };
  try {
    let startedMs = performance.now();
    const ids = await stub.submit(jobs);
    await Promise.all(Array.from({ length: workers }, () => start(2, 20)));
    await stub.untilOver(ids, POLL_MS);
    report(
      `${name}: ${workers} workers, ${jobs} jobs`,
      await stub.problems(ids, { isOnce: true }),
      startedMs,
    );
    await Promise.all([...running].map((child) => end(child, 'SIGTERM')));

    startedMs = performance.now();
    const killed = await stub.submit(Math.ceil(jobs / 3));
    await Promise.all(Array.from({ length: workers }, () => start(20, 150)));
    await endSome(stub, killed, async (signal) => {
      const child = [...running][Math.floor(Math.random() * running.size)];
      if (child !== undefined) await end(child, signal);
      await start(20, 150);
    });
    await stub.untilOver(killed, POLL_MS);
    const problems = await stub.problems(killed, { isOnce: false });
    report(
      `${name}: ${workers} workers, ${killed.length} jobs, ${kills} kills and as many stops`,
      problems,
      startedMs,
    );
    await Promise.all([...running].map((child) => end(child, 'SIGTERM')));
    const left = await stub.workers.list();
    const alive = left.filter(({ isLost, job }) => !isLost && job === null);
    if (left.length > kills)
      report(`${name}: workers that have left`, [`${alive.length} are still listed.`], startedMs);
  } finally {
    await Promise.all([...running].map((child) => end(child, 'SIGKILL')));
  }
}

/** Ends workers, by turns hard and softly, while jobs are left. */
async function endSome(
  stub: StubStore,
  ids: readonly string[],
  endOne: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>,
): Promise<void> {
  for (let count = 0; count < 2 * kills && (await stub.left(ids)) > 0; count++) {
    await delay(Math.random() * 1000);
    await endOne(count % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
  }
}

try {
  if (names.includes('folder')) await tryStore('folder', pathToFileURL(folder).href, {});
  if (s3?.options !== undefined) {
    await s3.createBucket('workers');
    await tryStore('S3', 's3://workers/here', s3.environment);
  } else if (s3 !== undefined)
    report(`S3 is not tried: ${s3.reason}`, ['There is no server.'], performance.now());
} finally {
  await Promise.all([rm(folder, { recursive: true, force: true }), rm(programs.folder, { recursive: true })]);
  if (s3?.options !== undefined) await s3.stop();
}
process.exit(wrong === 0 ? 0 : 1);

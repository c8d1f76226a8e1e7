// Workers with stub trainers as processes of their own, for races between them and for kills. Both programs are bundled once, so that
// a process starts in a fraction of a second.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where the bundles are. */
export interface WorkerPrograms {
  readonly folder: string;
  readonly worker: string;
  readonly trainer: string;
}

/** Bundles the worker and the stub trainer into a new folder below node_modules, where they find their packages. */
export async function bundleWorker(): Promise<WorkerPrograms> {
  const cache = path.join(ROOT, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, 'worker-'));
  await build({
    absWorkingDir: ROOT,
    entryPoints: { worker: 'tests/support/stub-worker.ts', trainer: 'tests/support/stub-trainer.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    splitting: true,
    minify: true,
    // CommonJS packages in the bundle call it for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
    },
    external: ['tsx', 'sharp', 'onnxruntime-node'],
  });
  return { folder, worker: path.join(folder, 'worker.mjs'), trainer: path.join(folder, 'trainer.mjs') };
}

/** What a worker process is started with. */
export interface StartWorkerOptions {
  readonly programs: WorkerPrograms;
  readonly storeUrl: string;
  readonly name: string;
  readonly steps?: number;
  readonly stepMs?: number;
  /** E.g. the address and the credentials of an S3 server. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a worker in a process group of its own, to which its trainers belong; resolves once it takes jobs. */
export async function startWorker({
  programs,
  storeUrl,
  name,
  steps = 1,
  stepMs = 10,
  env = {},
}: StartWorkerOptions): Promise<ChildProcess> {
  const child = spawn(process.execPath, [programs.worker, storeUrl, programs.trainer, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, ...env, STUB_STEPS: String(steps), STUB_STEP_MS: String(stepMs) },
  });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.stdout?.resume();
  return child;
}

/** Ends a worker: by SIGTERM it alone, which gives its job back; by SIGKILL the whole machine, its trainer too. */
export async function endWorker(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = once(child, 'exit');
  process.kill(signal === 'SIGKILL' ? -child.pid : child.pid, signal);
  await exit;
}

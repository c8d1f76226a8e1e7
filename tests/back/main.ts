// Going back one version: the server of an earlier commit over a data folder that today's code has made. It must list the jobs
// and their events, serve the models, and take unfinished jobs to their end.
//
//   npm run test:back -- [--commit c987682]

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { z } from 'zod';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MOST_MS = 180_000;
const OVER = ['succeeded', 'failed', 'cancelled'];

const { commit } = new Command('test:back')
  .option('--commit <ref>', 'whose server is tried', 'c987682')
  .parse()
  .opts<{ readonly commit: string }>();

const JobsSchema = z.object({
  data: z.array(z.object({ id: z.string(), model_name: z.string(), status: z.string(), error: z.unknown() })),
});
const ModelsSchema = z.object({ data: z.array(z.object({ id: z.string() })) });
const AnswerSchema = z.object({ label: z.string() });
const RefusalSchema = z.object({ error: z.object({ message: z.string().regex(/has format [23]/) }) });

const folder = mkdtempSync(path.join(os.tmpdir(), 'fovea-back-'));
const [code, data] = [path.join(folder, 'code'), path.join(folder, 'data')];
const wrong: string[] = [];
/** What the server says. */
let log = '';
const expect = (what: string, isRight: boolean) => {
  console.log(`${isRight ? 'right' : 'WRONG'}: ${what}`);
  if (!isRight) wrong.push(what);
};

try {
  execFileSync('git', ['worktree', 'add', '--detach', code, commit], { cwd: ROOT, stdio: 'pipe' });
} catch (error) {
  console.log(`left out: there is no commit "${commit}" here (a shallow clone?). ${String(error)}`);
  process.exit(0);
}
try {
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(code, 'node_modules'));
  const maker = path.join(ROOT, 'tests/fixtures/make-stored.ts');
  execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), maker, data], { stdio: 'inherit' });
  const server = spawn(process.execPath, ['bin/fovea.mjs', 'start', '--data', data, '--port', '0'], {
    cwd: code,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  try {
    const url = await urlOf(server.stdout);
    const read = async <S extends z.ZodType>(schema: S, at: string, init?: RequestInit) =>
      schema.parse(await (await fetch(url + at, init)).json());
    const jobs = async () => (await read(JobsSchema, '/v1/fine_tuning/jobs?limit=100')).data;

    const first = await jobs();
    expect(`it lists ${first.length} jobs`, first.length === 7);
    for (const { id, model_name } of first) {
      const { status } = await fetch(`${url}/v1/fine_tuning/jobs/${id}/events`);
      expect(`it lists the events of the job for "${model_name}"`, status === 200);
    }
    const body = readFileSync(path.join(data, 'datasets/colors/blue/0.png'));
    // A server that cannot prepare the input says so, rather than preparing another.
    const cropped = await read(z.union([AnswerSchema, RefusalSchema]), '/v1/models/cropped/predict', {
      method: 'POST',
      body,
    }).catch(String);
    expect(
      `it predicts with "cropped", or refuses its format: ${JSON.stringify(cropped)}`,
      typeof cropped !== 'string',
    );
    for (const { id } of (await read(ModelsSchema, '/v1/models')).data) {
      if (id === 'cropped') continue;
      const answer = await read(AnswerSchema, `/v1/models/${id}/predict`, { method: 'POST', body }).catch(
        String,
      );
      expect(`it predicts with "${id}": ${JSON.stringify(answer)}`, typeof answer !== 'string');
    }
    const startedMs = performance.now();
    const isOver = ({ status }: { readonly status: string }) => OVER.includes(status);
    while (!(await jobs()).every(isOver) && performance.now() - startedMs < MOST_MS) await delay(500);
    for (const { model_name, status, error } of await jobs()) {
      const right = OVER.includes(model_name === 'failed' || model_name === 'cancelled' ? model_name : '')
        ? model_name
        : 'succeeded';
      const why = status === 'failed' ? `: ${JSON.stringify(error)}` : '';
      expect(`its job for "${model_name}" has ${status}${why}`, status === right);
    }
  } finally {
    server.kill();
    await once(server, 'exit');
  }
} finally {
  execFileSync('git', ['worktree', 'remove', '--force', code], { cwd: ROOT, stdio: 'pipe' });
  rmSync(folder, { recursive: true, force: true });
}
if (wrong.length > 0) console.log(log);
console.log(wrong.length === 0 ? `All right with ${commit}.` : `${wrong.length} wrong.`);
process.exit(wrong.length === 0 ? 0 : 1);

/** Where a server says that it listens; what it writes later is read and forgotten. */
function urlOf(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    output.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /http:\/\/[\d.]+:\d+/.exec(text)?.[0];
      if (url !== undefined) resolve(url);
    });
    output.on('end', () => reject(new Error(`The server ended: ${text}`)));
  });
}

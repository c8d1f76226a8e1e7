// The command as people run it: in a terminal, with bars, and into a pipe.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSampleDataset } from '../../cli/sample-dataset/write-sample-dataset.ts';

const FOVEA = path.resolve(import.meta.dirname, '../../bin/fovea.mjs');
/** Enough for every split to have one of each class; the more, the longer it takes. */
const IMAGES_PER_CLASS = 8;

/** util-linux's `script` gives a program a terminal; that of other systems takes other options. */
const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;
if (!hasScript)
  console.warn('The command is not tried in a terminal: `script` of util-linux is not installed.');

let folder: string;
let pictures: string;
let dataDir: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-terminal-'));
  pictures = path.join(folder, 'shapes');
  dataDir = path.join(folder, 'data');
  await writeSampleDataset(pictures, { imagesPerClass: IMAGES_PER_CLASS });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

async function ended(child: ChildProcess): Promise<{ exitCode: number | null; output: string }> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => (output += text));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, output };
}

/** Runs the command in a terminal of 120 columns. */
function inTerminal(...args: readonly string[]) {
  const command = [process.execPath, FOVEA, ...args].map(quote).join(' ');
  // `exec`: the exit code is the command's own.
  const child = spawn('script', ['-qec', `stty cols 120 rows 40; exec ${command}`, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return ended(child);
}

describe.skipIf(!hasScript)('in a terminal', () => {
  it('the demo and reproduce end right, with bars and all messages', async () => {
    const demo = await inTerminal('demo', '--data', dataDir, '--dataset', pictures);
    expect(demo.output).toMatch(/importing {2}[█░]+ \d+\/39 files/);
    expect(demo.output).toMatch(/training +[█░]+ \d+ %/);
    expect(demo.output).toContain('Model "shapes" version 1 is ready.');
    expect(demo.output).toContain('POST /v1/models/shapes:1/predict');
    expect(demo).toMatchObject({ exitCode: 0 });

    const again = await inTerminal('reproduce', 'shapes', '--data', dataDir);
    expect(again.output).toMatch(/training +[█░]+ \d+ %/);
    expect(again.output).toContain('Reproduced: the weights have the same bits.');
    expect(again.exitCode).toBe(0);
  });
});

describe('in a pipe', () => {
  it('an interrupted demo cancels its job and says so', async () => {
    const child = spawn(process.execPath, [FOVEA, 'demo', '--data', dataDir, '--dataset', pictures], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let isInterrupted = false;
    child.stdout.on('data', (text: Buffer) => {
      if (isInterrupted || !text.includes('Epoch 1/')) return;
      isInterrupted = true;
      child.kill('SIGINT');
    });
    const { exitCode, output } = await ended(child);
    const id = /→ (ftjob-\S+)/.exec(output)?.[1] ?? '';
    expect(output).toContain(`Cancelling the job ${id}`);
    expect(output).toContain('interrupted by SIGINT');
    expect(exitCode).toBe(130);
    expect(await readdir(path.join(dataDir, 'jobs'))).toContain(id);
    expect(JSON.parse(await readFile(path.join(dataDir, 'jobs', id, 'job.json'), 'utf8')).status).toBe(
      'cancelled',
    );
  });
});

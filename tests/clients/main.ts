// Clients that others generate from the API's description, against a server that runs: each creates a job and reads it, and
// predicts. Then schemathesis, which holds the server to its description with requests of all kinds.
//
//   npm run test:clients -- [--examples 30] [--seed 1]

import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { drawSampleDataset } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { createClient } from '../../client/create-client.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { colorPicture, commitColorModel } from '../support/color-model.ts';
import { preparePython } from '../support/python-environment.ts';

const options = new Command('test:clients')
  .option('--examples <n>', 'of each operation, for schemathesis', Number, 30)
  .option('--seed <n>', 'of its examples', Number, 1)
  .parse()
  .opts<{ readonly examples: number; readonly seed: number }>();

const run = promisify(execFile);
const DATASET = 'shapes';
const MODEL = 'color';
const PICTURE = 'red.png';
const PYTHON_PACKAGES = ['openapi-python-client==0.29.1', 'schemathesis==4.32.5'];
const repository = fileURLToPath(new URL('../../', import.meta.url));
const programs = fileURLToPath(new URL('programs/', import.meta.url));
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

type Names = readonly [createJob: string, predict: string];

async function bringPrograms(folder: string, names: Names): Promise<void> {
  for (const name of names) await copyFile(path.join(programs, name), path.join(folder, name));
}

/** Runs them one after another; what they print. */
async function runPrograms(
  folder: string,
  url: string,
  [command, ...args]: readonly [string, ...string[]],
  [createJob, predict]: Names,
): Promise<string> {
  const job = await run(command, [...args, createJob, url, DATASET], { cwd: folder });
  const prediction = await run(command, [...args, predict, url, MODEL, PICTURE], { cwd: folder });
  return `${job.stdout.trim()}; ${prediction.stdout.trim()}`;
}

async function checkTypescriptClient(folder: string, url: string): Promise<string> {
  const types = await openapiTypescript(new URL('/openapi.json', url));
  await writeFile(path.join(folder, 'generated.ts'), astToString(types));
  const names = ['create-job.ts', 'predict.ts'] as const;
  await bringPrograms(folder, names);
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'));
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  const config = { extends: path.join(repository, 'tsconfig.json'), include: ['*.ts'] };
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  await run(process.execPath, [path.join(repository, 'node_modules/typescript/bin/tsc'), '-p', folder]);
  const node = [process.execPath, '--import', import.meta.resolve('tsx')] as const;
  return runPrograms(folder, url, node, names);
}

async function checkPythonClient(folder: string, url: string, tools: string): Promise<string> {
  const config = path.join(folder, 'openapi-python-client.json');
  // The generator knows neither pictures nor JSONL: their bytes are bytes.
  const types = [
    'image/png',
    'image/webp',
    'image/*',
    'application/jsonl',
    'application/zip',
    'application/gzip',
  ];
  const binary = Object.fromEntries(types.map((type) => [type, 'application/octet-stream']));
  await writeFile(config, JSON.stringify({ content_type_overrides: binary, post_hooks: [] }));
  const output = path.join(folder, 'fovea_client');
  const generate = ['generate', '--url', `${url}/openapi.json`, '--output-path', output, '--meta', 'none'];
  await run(path.join(tools, 'openapi-python-client'), [
    ...generate,
    '--config',
    config,
    '--fail-on-warning',
  ]);
  const names = ['create_job.py', 'predict.py'] as const;
  await bringPrograms(folder, names);
  return runPrograms(folder, url, [path.join(tools, 'python')], names);
}

async function checkWithSchemathesis(folder: string, url: string, tools: string): Promise<string> {
  const config = fileURLToPath(new URL('schemathesis.toml', import.meta.url));
  const args = ['--config-file', config, 'run', `${url}/openapi.json`, '--checks', 'all', '--no-color'];
  const bounds = ['--max-examples', String(options.examples), '--seed', String(options.seed)];
  const { stdout } = await run(path.join(tools, 'schemathesis'), [...args, ...bounds], {
    cwd: folder,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return stdout.trim().split('\n').slice(-8).join('\n');
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-clients-'));
const dataDir = path.join(folder, 'data');
await commitColorModel(createFilesystemStore({ root: dataDir }));
await writeFile(path.join(folder, PICTURE), await colorPicture('red'));
const server = await startLocalServer({
  dataDir,
  host: '127.0.0.1',
  port: 0,
  version: '0.0.0-test',
  logger: silentLogger,
});
let failed = 0;
async function check(name: string, body: () => Promise<string>): Promise<void> {
  try {
    console.log(`right: ${name}: ${await body()}`);
  } catch (error) {
    failed += 1;
    const { message, stdout = '' } = error as { message: string; stdout?: string };
    console.log(`WRONG: ${name}: ${message}\n${stdout}`);
  }
}
try {
  const api = createClient({ url: server.url });
  await drawSampleDataset((file, bytes) => api.datasets.put(DATASET, file, bytes), {
    imagesPerClass: 8,
    seed: 1,
  });
  await check('a client by openapi-typescript', () => checkTypescriptClient(folder, server.url));
  const tools = await preparePython('test-clients', PYTHON_PACKAGES).catch((error: Error) => {
    console.log(`skipped: openapi-python-client, schemathesis: ${error.message.split('\n')[0]}`);
  });
  if (tools !== undefined) {
    await check('a client by openapi-python-client', () => checkPythonClient(folder, server.url, tools));
    await check('schemathesis', () => checkWithSchemathesis(folder, server.url, tools));
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

// The package as people install it: packed, installed into empty folders, and used there without the checkout.
//
//   npm run test:pack
//
// It asks npm's registry for packages, and nobody else for anything.

import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { writeSampleDataset } from '../../cli/sample-dataset/write-sample-dataset.ts';
import { freePort } from '../support/free-port.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
/** Enough for every split to have one of each class. */
const IMAGES_PER_CLASS = 8;
const START_TIMEOUT_MS = 30_000;
const LINE_TIMEOUT_MS = 180_000;

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-pack-'));
const [prefix, work, project, pictures] = ['prefix', 'work', 'project', 'pictures'].map((name) =>
  path.join(folder, name),
) as [string, string, string, string];
await Promise.all([work, project].map((each) => mkdir(each)));
const environment = {
  // How npm reaches its registry here.
  ...process.env,
  PATH: `${path.join(prefix, 'bin')}${path.delimiter}${process.env['PATH']}`,
  XDG_CONFIG_HOME: path.join(folder, 'config'),
  LANG: 'C.UTF-8',
  // As README.md says it: onnxruntime-node would fetch libraries for NVIDIA GPUs from elsewhere.
  npm_config_ignore_scripts: 'true',
  npm_config_update_notifier: 'false',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
};

let wrong = 0;
function say(isRight: boolean, what: string, found = ''): void {
  if (!isRight) wrong += 1;
  console.log(`${isRight ? 'right' : 'WRONG'}: ${what}${isRight || found === '' ? '' : `\n${found}`}`);
}

function run(line: string, cwd = work) {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], {
    cwd,
    env: environment,
    encoding: 'utf8',
    timeout: LINE_TIMEOUT_MS,
  });
  return { isDone: status === 0, stdout, all: `${stdout}${stderr}` };
}

/** Runs a check; `holds` looks at what was printed. */
function check(
  what: string,
  line: string,
  holds: (stdout: string) => boolean = () => true,
  cwd = work,
): void {
  const { isDone, stdout, all } = run(line, cwd);
  say(isDone && holds(stdout), what, all);
}

try {
  const { version } = JSON.parse(await readFile(path.join(REPOSITORY, 'package.json'), 'utf8'));
  const tarball = path.join(folder, `fovea-${version}.tgz`);
  check(
    'it is packed',
    `npm run --silent pack -- --silent --pack-destination '${folder}'`,
    () => true,
    REPOSITORY,
  );
  check('it installs', `npm install --global --prefix '${prefix}' '${tarball}'`);
  check('fovea --version prints the version alone', 'fovea --version', (text) => text === `${version}\n`);
  check('npx runs it', `npx --yes --package '${tarball}' fovea --version`, (text) => text === `${version}\n`);
  check('fovea --help shows the commands', 'fovea --help', (text) => /\bstart\b.*\bdemo\b/s.test(text));

  await writeSampleDataset(pictures, { imagesPerClass: IMAGES_PER_CLASS });
  const demo = `fovea demo --dataset '${pictures}'`;
  const inTerminal = `script -qec "stty cols 120 rows 40; exec ${demo}" /dev/null`;
  check('the demo trains and predicts in a terminal', inTerminal, (text) =>
    ['█', 'Model "pictures" version 1 is ready.', 'Serve it with: fovea start'].every((part) =>
      text.includes(part),
    ),
  );
  check('the data are below the current folder', 'test -d .fovea/models/pictures/1');

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn('fovea', ['start', '--port', String(port)], { cwd: work, env: environment });
  let output = '';
  const started = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), START_TIMEOUT_MS);
    for (const stream of [server.stdout, server.stderr])
      stream.on('data', (text: Buffer) => {
        output += text;
        if (!output.includes('is running.')) return;
        clearTimeout(timer);
        resolve(true);
      });
    server.once('close', () => resolve(false));
  });
  say(started, 'fovea start serves', output);
  try {
    const photo = path.join(pictures, 'star', 'star-001.png');
    check('fovea predict answers', `fovea predict pictures '${photo}' --url ${url} --json`, (text) =>
      text.includes('"label"'),
    );
    for (const page of ['/', '/page.js', '/docs', '/docs/docs.css', '/docs/errors', '/openapi.json'])
      check(`${page} is served`, `curl -sf '${url}${page}'`, (text) => text.length > 100);
    const certificate = `${url}/v1/models/pictures/files`;
    check(
      'code of the preprocessing certificate is served',
      `curl -sf '${certificate}/preprocess.py'`,
      (text) => text.includes('def '),
    );

    check('it installs into a project', `npm init -y >&2 && npm install '${tarball}'`, undefined, project);
    await writeFile(
      path.join(project, 'use.mts'),
      `import { createClient } from 'fovea/client';
const client = createClient({ url: ${JSON.stringify(url)} });
const names: string[] = [];
for await (const model of client.models.list()) names.push(model.id);
// @ts-expect-error a model has no such field, so its type is known.
for await (const model of client.models.list()) names.push(model.noSuchField);
console.log(names[0]);
`,
    );
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    check(
      'the client has its types',
      `'${process.execPath}' '${tsc}' --strict --module nodenext --target es2023 --lib es2023,dom --skipLibCheck use.mts`,
      undefined,
      project,
    );
    check(
      'the client asks the server',
      `'${process.execPath}' use.mjs`,
      (text) => text === 'pictures\n',
      project,
    );
  } finally {
    server.kill('SIGTERM');
    await new Promise((resolve) =>
      server.exitCode === null ? server.once('close', resolve) : resolve(undefined),
    );
  }
  say(server.exitCode === 0, 'the server stops', output);
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(wrong === 0 ? 'All is right.' : `${wrong} wrong.`);
process.exitCode = wrong === 0 ? 0 : 1;

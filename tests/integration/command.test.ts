// The command against a real server, as people and scripts run it: every example of the help in a shell, questions and progress at a
// terminal, plain lines and JSON in a pipe, exit codes.

import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../cli/program/create-program.ts';
import { examplesOf } from '../../cli/program/server-command.ts';
import { writeSampleDataset } from '../../cli/sample-dataset/write-sample-dataset.ts';
import { createClient } from '../../client/create-client.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { type LocalServer, startLocalServer } from '../../functions/local-server.ts';
import { type BundledCommand, bundledCommand } from '../support/bundled-command.ts';

const KEY = 'the-key-of-the-operator';
/** Enough for every split to have one of each class. */
const IMAGES_PER_CLASS = 8;
const EXAMPLE_JOB = 'ftjob-7vr6bcd0s11f0c2a9b4e';
const EXAMPLE_BATCH = 'batch_7vr6bcd0s11f0c2a9b4e';

/** Examples that are not run, with the reason. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'fovea start': 'it serves until Ctrl-C; the server of this test is the same',
  'fovea up --port 9000': 'the same; the test below runs it',
  'fovea demo': 'tests/integration/terminal.test.ts runs it',
  'fovea weights pull mobilenet_v2_0.35': 'it downloads',
  'fovea import-model keras_model.h5 --labels labels.txt --name bananas':
    'tests/unit/cli and tests/imports run it',
  'fovea import-backbone backbone.onnx --layout nchw --preprocessing torch --size 224':
    'tests/unit/cli/import-backbone.test.ts runs it',
  'fovea reproduce flowers': 'tests/integration/terminal.test.ts runs it',
  'fovea backup /backups/monday': 'tests/unit/backup runs it',
  'fovea restore /backups/monday --data restored': 'tests/unit/backup runs it',
  'fovea worker --store .fovea': 'it works until Ctrl-C; tests/integration/workers.test.ts runs it',
  'fovea doctor --aws': 'it asks AWS; tests/infra/deploy.test.ts runs it',
  'fovea deploy --dry-run': 'it asks AWS; tests/infra/deploy.test.ts runs it',
  'fovea deploy -c fovea:trainerFamilies=g4dn,c7i --yes': 'it deploys; tests/infra/deploy.test.ts runs it',
  'fovea setup': 'it downloads and builds; tests/integration/tensorflow runs it',
};

const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;
if (!hasScript)
  console.warn('The command is not tried at a terminal: `script` of util-linux is not installed.');

const program = createProgram({ version: '0.0.0', description: 'test' });
const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
const commands = leaves(program).filter((command) => !command.name().startsWith('__'));
const nameOf = (command: Command): string =>
  command.parent === null ? '' : `${nameOf(command.parent)} ${command.name()}`.trim();
const examples = commands.flatMap((command) => examplesOf(command));

let server: LocalServer;
let command: BundledCommand;

beforeAll(async () => {
  command = await bundledCommand({ FOVEA_API_KEY: KEY });
  server = await startLocalServer({
    dataDir: path.join(command.folder, '.fovea'),
    host: '127.0.0.1',
    port: 0,
    version: '0.0.0',
    logger: silentLogger,
    apiKeys: async () => ({ operator: KEY }),
  });
  await writeSampleDataset(path.join(command.folder, 'flowers'), { imagesPerClass: IMAGES_PER_CLASS });
  const file = (name: string) => path.join(command.folder, name);
  await writeFile(file('photo.jpg'), await readFile(file('flowers/star/star-001.png')));
  await writeFile(file('labels.txt'), (await readdir(file('flowers'))).sort().join('\n'));
  await writeFile(file('key.txt'), 'another-key-of-the-operator\n');
});
afterAll(async () => {
  await server.stop();
  await command.remove();
});

const shell = (line: string, env: Readonly<Record<string, string>> = {}) =>
  command.shell(line, { FOVEA_URL: server.url, ...env });
const client = () => createClient({ url: server.url, key: KEY });

/** What an example needs that is not there yet. */
async function prepare(example: string): Promise<string> {
  const { jobs, batches } = client();
  if (example.includes(EXAMPLE_JOB)) {
    const ofAction = /jobs (pause|resume|finish|cancel)/.exec(example)?.[1];
    let { id } = await anyJob();
    if (ofAction !== undefined) {
      // Waits behind the one that runs, so that it is there to be told something.
      await jobs.create({
        model: 'small_cnn',
        training_file: 'flowers',
        suffix: 'slow',
        hyperparameters: { n_epochs: 300 },
      });
      ({ id } = await jobs.create({
        model: 'small_cnn',
        training_file: 'flowers',
        suffix: 'slow',
        hyperparameters: { n_epochs: 300 },
      }));
      if (ofAction === 'resume') await jobs.pause(id);
    }
    return example.replace(EXAMPLE_JOB, id);
  }
  if (example.includes(EXAMPLE_BATCH)) {
    const { id } = await batches.create({ model: 'flowers', input_prefix: 'datasets/flowers/' });
    if (!example.includes('cancel')) await batches.wait(id, { pollMs: 100 });
    return example.replace(EXAMPLE_BATCH, id);
  }
  // Two versions, of which the first is live.
  if (example.includes('promote flowers:2'))
    await jobs.wait(
      (
        await jobs.create({
          model: 'small_cnn',
          training_file: 'flowers',
          suffix: 'flowers',
          seed: 2,
          promote: 'never',
          hyperparameters: { n_epochs: 1 },
        })
      ).id,
      { pollMs: 100 },
    );
  return example;
}

async function anyJob() {
  for await (const job of client().jobs.list({ status: 'succeeded' })) return job;
  throw new Error('There is no job.');
}

/** Ends what examples have left, so that the next job does not wait for it. */
async function cancelOpen(): Promise<void> {
  const { jobs } = client();
  for await (const job of jobs.list())
    if (job.finished_at === null) await jobs.cancel(job.id).catch(() => undefined);
}

describe('help', () => {
  it('has an example for every command', () => {
    expect(commands.filter((one) => examplesOf(one).length === 0).map(nameOf)).toEqual([]);
    expect(Object.keys(NOT_RUN).filter((line) => !examples.includes(line))).toEqual([]);
  });

  it.each(examples.filter((line) => !(line in NOT_RUN)))('%s', async (example) => {
    const line = await prepare(example);
    // What is wrong with this machine is not the point.
    const { exitCode, stdout, stderr } = await shell(line);
    if (/jobs (pause|resume|finish|cancel)/.test(line)) await cancelOpen();
    if (line === 'fovea doctor')
      expect(stdout).toMatch(/ok +Node[\s\S]*back end +TensorFlow\.js[\s\S]*ok +key +from FOVEA_API_KEY/);
    else expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    if (/--json/.test(line)) JSON.parse(stdout);
  });
});

describe('in a pipe', () => {
  it('push sends only what has changed, also when it was interrupted, and deletes when told to', async () => {
    const folder = path.join(command.folder, 'pets');
    await writeSampleDataset(folder, { imagesPerClass: 3 });
    const push = async (more = '') =>
      JSON.parse((await shell(`fovea datasets push pets --json ${more}`)).stdout);
    expect(await push('--dry-run')).toMatchObject({ sent: 15, unchanged: 0 });
    expect(await push()).toMatchObject({ dataset: 'pets', sent: 15, unchanged: 0 });
    expect(await push()).toMatchObject({ sent: 0, unchanged: 15 });
    // Other bytes of the same size.
    const star = await readFile(path.join(folder, 'star/star-001.png'));
    star[star.length - 1] = 1;
    await writeFile(path.join(folder, 'star/star-001.png'), star);
    await client().datasets.deleteFiles('pets', ['circle/circle-002.png']);
    expect(await push()).toMatchObject({ sent: 2, unchanged: 13 });
    await client().datasets.inspect('pets');
    // Nothing of what this machine remembers is needed once the server has read the files.
    expect(
      JSON.parse((await shell('fovea datasets push pets --json', { XDG_CACHE_HOME: '/nonexistent' })).stdout),
    ).toMatchObject({ sent: 0 });
    const renamed = path.join(folder, 'star/new.png');
    await writeFile(renamed, star);
    await shell('rm pets/star/star-001.png');
    expect(await push()).toMatchObject({ sent: 1, extra: 1 });
    expect(await push('--delete --yes')).toMatchObject({ deleted: 1, extra: 0 });
    expect((await shell('fovea datasets push pets --quiet')).stdout).toBe('pets\n');
  });

  it.each(['onnx', 'fp16', 'int8'])(
    'an export in %s is imported without questions, and answers the same',
    async (format) => {
      const before = await client().models.get('flowers:1');
      const { exitCode, stderr } = await shell(
        `fovea models export flowers:1 --format ${format} -o again.onnx && fovea models import again.onnx --name again`,
      );
      expect(exitCode, stderr).toBe(0);
      expect(await client().models.get('again:latest')).toMatchObject({
        labels: before.labels,
        input: before.input,
      });
      const scoresOf = async (model: string) => {
        const { stdout } = await shell(`fovea predict ${model} photo.jpg --top-k 5 --json`);
        return new Map<string, number>(
          JSON.parse(stdout).data[0].predictions.map(({ label, score }: { label: string; score: number }) => [
            label,
            score,
          ]),
        );
      };
      const [own, again] = [await scoresOf('flowers:1'), await scoresOf('again:latest')];
      expect(own.size).toBe(5);
      for (const [label, score] of own)
        expect(Math.abs(score - (again.get(label) ?? 2))).toBeLessThan(format === 'onnx' ? 1e-4 : 0.02);
    },
  );

  it('errors are one line that says what to do, and exit codes tell them apart', async () => {
    const expected: readonly (readonly [string, number, RegExp, Readonly<Record<string, string>>?])[] = [
      [
        'fovea modles',
        2,
        /^fovea: Unknown command 'modles'\. Did you mean models\?.* See: npx fovea --help$/,
      ],
      ['fovea datasets psh x', 2, /^fovea: .*Did you mean push\?.* See: npx fovea datasets --help$/],
      ['fovea train flowers --epochs no', 2, /^fovea: Option '--epochs.*See: npx fovea train --help$/],
      ['fovea datasets push nowhere', 2, /"nowhere" is not a folder/],
      [
        'fovea models ls --url http://127.0.0.1:9',
        3,
        /No server answers at http:\/\/127\.0\.0\.1:9.*comes from --url.*npx fovea start.*context use NAME/,
      ],
      ['fovea models ls', 4, /The key comes from FOVEA_API_KEY/, { FOVEA_API_KEY: 'wrong' }],
      ['fovea models ls', 4, /No key was sent.*context set NAME/, { FOVEA_API_KEY: '' }],
      ['fovea models show flowres', 5, /There is no model "flowres".*flowers/],
      ['fovea models compare flowers:1 others:2', 2, /"others:2" is not of "flowers"/],
      [
        'fovea datasets show flowres',
        5,
        /^fovea: There is no dataset "flowres".*npx fovea datasets push FOLDER$/,
      ],
      [
        'fovea jobs show ftjob-7vr6bcd0s11f0c2a9b4e',
        5,
        /^fovea: There is no job "ftjob-.*npx fovea jobs ls$/,
      ],
      [
        'fovea train flowers --base small_cnn --effort quick --yes',
        1,
        /^fovea: --effort quick .*Leave --effort out/,
      ],
      ['fovea train flowers --base small_cnn --epochs 100000000 --yes', 1, /^fovea: --epochs: /],
      ['fovea predict flowers - </dev/null', 2, /^fovea: The standard input is empty\. Send a picture/],
      ['fovea batch flowers photo.jpg -o flowers', 2, /"flowers" is a folder.*flowers\/results\.jsonl\.$/],
      [
        'fovea predict flowers photo.jpg --heatmap nowhere/x.png',
        2,
        /There is no folder "nowhere".*--heatmap/,
      ],
      ['fovea plan resnet50 --svg /dev/null', 2, /"\/dev\/null" is no file that can be replaced/],
      ['fovea weights ls --data photo.jpg', 2, /It is a file\. Name a folder/],
      ['fovea models import nowhere.onnx', 2, /There is no such file/],
      ['fovea datasets rm flowers', 2, /There is no terminal to ask at: say yes with --yes/],
      ['fovea predict flowers labels.txt', 1, /1 picture could not be predicted/],
      ['fovea predict flowers photo.jpg --fail-under 1', 1, /1 answer has a score below 1/],
      ['fovea batch flowers', 2, /Say which pictures/],
    ];
    for (const [line, code, message, env = {}] of expected) {
      const { exitCode, stderr } = await shell(line, env);
      expect([line, exitCode]).toEqual([line, code]);
      expect(stderr.trim().split('\n').at(-1)).toMatch(message);
    }
    const { stderr, stdout } = await shell('fovea models show flowres --json');
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'model-not-found', param: 'model' } });
    expect(stdout).toBe('');
    const wrong = await shell('fovea datasets psh x --json');
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(JSON.parse(wrong.stderr)).toMatchObject({
      error: { message: expect.stringContaining('See: npx fovea datasets --help'), code: null },
    });
  });

  it('says why a dataset cannot be trained on', async () => {
    const photo = await readFile(path.join(command.folder, 'photo.jpg'));
    await client().datasets.put('one', 'a/1.png', photo);
    const { stdout } = await shell('fovea datasets show one');
    expect(stdout).toMatch(
      /"one" cannot be trained on\.[\s\S]*\nerror .+\)\n+see: npx fovea datasets check one\n/,
    );
  });

  it('predict --explain prints the most alike training pictures, and has them in JSON', async () => {
    const said = await shell('fovea predict flowers photo.jpg --explain --explain-count 2');
    expect(said.stdout).toMatch(
      /picture +most alike +class +similarity\nphoto\.jpg +flowers\/(\w+)\/\S+ +\1 +[01]\.\d{3}\n +flowers\/\S+ +\w+ +[01]\.\d{3}\n$/,
    );
    const { stdout } = await shell('fovea predict flowers photo.jpg --explain --json');
    expect(JSON.parse(stdout).data[0].explanation).toMatchObject({
      unavailable: null,
      nearest: { length: 5 },
    });
    expect(await shell('fovea predict flowers photo.jpg --explain --csv')).toMatchObject({ exitCode: 2 });
  });

  it('evaluate says accuracy with its interval, classes and confusions, and fails below --fail-under', async () => {
    const said = await shell('fovea evaluate flowers flowers');
    expect(said.stdout).toMatch(
      /^flowers:\d on "flowers": right on \d+\.\d % \(.*% to .*%\) of \d+ pictures\./,
    );
    expect(said.stdout).toMatch(/left out\.[\s\S]*class +pictures +right +precision +F1\n[\s\S]*star +\d+ /);
    expect(said.stdout).toMatch(/Confuses most\n {2}\w+ → \w+ {2}\d+ \(|It confuses nothing\./);
    const { stdout } = await shell('fovea evaluate flowers:1 flowers --split test --json');
    expect(JSON.parse(stdout)).toMatchObject({ object: 'batch', evaluation: { split: 'test', failed: 0 } });
    expect(await shell('fovea evaluate flowers flowers --split train --fail-under 0')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('No picture counts'),
    });
    // A picture under a label that is not the answer.
    await writeSampleDataset(path.join(command.folder, 'others'), { imagesPerClass: 1, seed: 9 });
    const picture = await readFile(path.join(command.folder, 'others/star/star-001.png'));
    const { label } = await client().predict.one('flowers', picture);
    await client().datasets.put('wrong', `${label === 'star' ? 'circle' : 'star'}/1.png`, picture);
    expect(await shell('fovea evaluate flowers wrong --fail-under 0.01')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('The accuracy 0.0 % is below 1.0 %.'),
    });
    expect((await shell('fovea evaluate flowers wrong --fail-under 0 --quiet')).stdout).toBe('0\n');
  });

  it('train says what is missing and what to do where the weights are not there, before it asks', async () => {
    const lines = [
      /^The pretrained weights of mobilenet_v2_0\.35 are not on the server\./,
      /weights pull mobilenet_v2_0\.35\. Or fetch https:\S+_no_top\.h5 elsewhere.* --weights FOLDER\. Or start the server with FOVEA_WEIGHTS_MIRROR, the address of a mirror\.$/,
      /^The network small_cnn needs none: .*train flowers --base small_cnn$/,
    ];
    const asked = await shell('fovea train flowers --base mobilenet_v2_0.35');
    expect(asked).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('There is no terminal to ask at'),
    });
    const planned = await shell('fovea train flowers --base mobilenet_v2_0.35 --dry-run');
    for (const text of [asked.stderr, planned.stdout])
      for (const line of lines) expect(text.split('\n')).toContainEqual(expect.stringMatching(line));
    const { stdout } = await shell('fovea train flowers --base small_cnn --dry-run');
    expect(stdout).not.toContain('pretrained');
    expect(stdout).toMatch(/size +about \d\S* [kM]i?B, the model/);
  });

  it('up starts the server, as start does, and says the next commands with its address', async () => {
    const { stdout } = await shell(
      'fovea up --port 0 --data up >up.txt & until grep -q Next up.txt; do kill -0 $! || break; sleep 0.1; done; kill $!; wait; cat up.txt',
    );
    expect(stdout).toMatch(/is running\.[\s\S]*datasets push FOLDER --url http:\/\/127\.0\.0\.1:\d+\n/);
  });

  it('has no colors and no bars, and ends quietly where nobody reads on', async () => {
    const { stdout, stderr } = await shell(
      'fovea datasets check flowers; fovea train flowers --base small_cnn --epochs 1 --yes',
    );
    for (const drawn of ['\u001b', '█']) expect(`${stdout}${stderr}`).not.toContain(drawn);
    expect(stdout).toContain('Epoch 1/1');
    const closed = await shell('fovea models ls --json | true');
    expect(closed).toMatchObject({ stderr: '' });
    const colored = await shell('FORCE_COLOR=1 fovea datasets check flowers');
    expect(colored.stdout).toContain('\u001b[32m');
  });

  it('contexts keep servers and keys in a file that only its owner can read', async () => {
    const file = path.join(command.home, '.config/fovea/contexts.json');
    const env = { FOVEA_URL: '', FOVEA_API_KEY: '' };
    await shell(`fovea context set here --url ${server.url}/v1 --key`, env);
    await shell(`printf '%s' '${KEY}' | fovea context set here --url ${server.url}/v1 --key`, env);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await shell('fovea context use here', env);
    expect(await shell('fovea models ls --quiet', env)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('flowers'),
    });
    // The key is for its own server alone.
    expect((await shell('fovea models ls --url http://localhost:9', env)).exitCode).toBe(3);
    expect((await shell('fovea context ls', env)).stdout).not.toContain(KEY);
    await shell(`chmod 644 ${file}`);
    expect(await shell('fovea models ls', env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`chmod 600 ${file}`),
    });
    await shell(`chmod 600 ${file}`);
    await shell('fovea context rm here', env);
    expect((await shell('fovea context use here', env)).exitCode).toBe(2);
    expect(JSON.parse((await shell('fovea context ls --json', env)).stdout).data).toMatchObject([
      { name: 'local', in_use: true },
    ]);
  });

  it('bash completes commands, options, and names that the server knows', async () => {
    const complete = async (...words: string[]) =>
      (
        await shell(
          `eval "$(fovea completion bash)"; COMP_WORDS=(fovea ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _fovea; printf '%s\\n' "\${COMPREPLY[@]}"`,
        )
      ).stdout
        .trim()
        .split('\n');
    expect(await complete('data')).toEqual(['datasets']);
    expect(await complete('datasets', 'pu')).toEqual(['push', 'pull']);
    expect(await complete('train', 'flowers', '--eff')).toEqual(['--effort']);
    expect(await complete('train', 'flowers', '--effort', '')).toEqual(['quick', 'usual', 'thorough']);
    expect(await complete('predict', 'flo')).toContain('flowers');
    expect(await complete('models', 'promote', 'flowers:')).toContain('flowers:1');
  });
});

describe.skipIf(!hasScript)('at a terminal', () => {
  it('push shows bytes and files; train asks, draws its curve, and ends with the next command', async () => {
    const { terminal } = command;
    await mkdir(path.join(command.folder, 'more'), { recursive: true });
    await writeSampleDataset(path.join(command.folder, 'more'), { imagesPerClass: 8, seed: 3 });
    const push = await terminal(`datasets push more --url ${server.url}`);
    expect(push.stdout).toMatch(/sending +[█░]+ \d+\/40 files · .*kB of .*kB · .*\/s/);
    let isAsked = false;
    const train = await terminal(`train more --base small_cnn --epochs 12 --url ${server.url}`, (output) => {
      if (isAsked || !output.includes('Train "more"? [Y/n]')) return undefined;
      isAsked = true;
      return '\n';
    });
    expect(train.exitCode, train.stdout).toBe(0);
    expect(train.stdout).toMatch(/training +[█░]+ \d+ % epoch \d+\/12 · loss/);
    expect(train.stdout).toMatch(/predict more:1 FILE/);
  });

  it.each([
    ['Ctrl-C', '\u0003', 130, 'interrupted by SIGINT'],
    ['Ctrl-D', '\u0004', 2, 'The question was not answered.'],
  ])('%s at a question deletes nothing', async (_, key, exitCode, message) => {
    let isAsked = false;
    const ended = await command.terminal(`models rm fruit --url ${server.url}`, (output) => {
      if (isAsked || !output.includes('[y/N]')) return undefined;
      isAsked = true;
      return key;
    });
    expect(ended).toMatchObject({ exitCode, stdout: expect.stringContaining(message) });
  });

  it('a no makes no job, and Ctrl-C leaves the job running and says how to come back', async () => {
    let isAsked = false;
    const refused = await command.terminal(`train more --base small_cnn --url ${server.url}`, (output) => {
      if (isAsked || !output.includes('[Y/n]')) return undefined;
      isAsked = true;
      return 'n\n';
    });
    expect(refused).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('No job was made.') });
    let isStopped = false;
    const left = await command.terminal(
      `train more --base small_cnn --epochs 400 --yes --url ${server.url}`,
      (output) => {
        if (isStopped || !/training +[█░]+/.test(output)) return undefined;
        isStopped = true;
        return '\u0003';
      },
    );
    expect(left.exitCode).toBe(130);
    const id = /The job (ftjob-\w+) goes on\. Come back: .*jobs follow ftjob-/.exec(left.stdout)?.[1] ?? '';
    expect((await client().jobs.get(id)).finished_at).toBeNull();
    await client().jobs.cancel(id);
  });
});

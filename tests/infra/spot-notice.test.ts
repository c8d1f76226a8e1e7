// What a trainer machine does when AWS takes it away: the script of the template's own user data, with a stand-in for the metadata service.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { canRun, runCommand } from '../support/cloud/run-command.ts';
import { resourcesOf, synthesize } from './synthesize.ts';

const TASK = 'com.amazonaws.ecs.task-arn';
const folder = await mkdtemp(path.join(tmpdir(), 'fovea-spot-'));
const script = path.join(folder, 'at-spot-notice.sh');
const hasDocker = process.platform === 'linux' && (await canRun('docker', 'info'));
if (!hasDocker) console.warn('No Docker engine answers: no real container is stopped at a Spot notice.');

/** The files that the user data of the template writes, by their paths. */
function writtenFiles(): Map<string, string> {
  const [, template] =
    resourcesOf(synthesize({ trainerFamilies: 'c7i' }), 'AWS::EC2::LaunchTemplate').at(0) ?? [];
  const userData = JSON.stringify(template?.Properties['LaunchTemplateData'].UserData);
  const text = userData.replaceAll('\\n', '\n').replaceAll('\\"', '"').replaceAll('\\\\', '\\');
  return new Map(
    [...text.matchAll(/cat > (\S+) <<'END_OF_FILE'\n(.*?)\nEND_OF_FILE/gs)].map(
      ([, file = '', content = '']) => [file, content],
    ),
  );
}

/** As the metadata service: every request needs a token, which expires. */
const metadata = { isNoticed: false, token: '', requests: [] as string[] };
const server = createServer((request, response) => {
  const { url = '', method, headers } = request;
  metadata.requests.push(`${method} ${url}`);
  if (url === '/latest/api/token') {
    const isAllowed = method === 'PUT' && headers['x-aws-ec2-metadata-token-ttl-seconds'] === '21600';
    metadata.token = `token-${metadata.requests.length}`;
    response.writeHead(isAllowed ? 200 : 400).end(isAllowed ? metadata.token : '');
  } else if (headers['x-aws-ec2-metadata-token'] !== metadata.token || metadata.token === '') {
    response.writeHead(401).end();
  } else if (url === '/latest/meta-data/spot/instance-action' && metadata.isNoticed) {
    response.end('{"action": "terminate", "time": "2026-11-27T18:00:00Z"}');
  } else response.writeHead(404).end();
});
let address = '';

beforeAll(async () => {
  const files = writtenFiles();
  expect([...files.keys()]).toEqual([
    '/usr/local/bin/fovea-stop-at-spot-notice',
    '/etc/systemd/system/fovea-stop-at-spot-notice.service',
  ]);
  const [program = '', unit = ''] = files.values();
  expect(unit).toContain('ExecStart=/usr/local/bin/fovea-stop-at-spot-notice\nRestart=always');
  await writeFile(script, program);
  await chmod(script, 0o755);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  Object.assign(metadata, { isNoticed: false, token: '', requests: [] });
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts the script; it ends with the test. */
function start(env: Readonly<Record<string, string>> = {}): void {
  const child = spawn('bash', [script], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, METADATA_URL: address, POLL_SECONDS: '0.1', ...env },
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await isTrue()) return;
    await sleep(50);
  }
  throw new Error('It did not happen within ten seconds.');
}

describe('a trainer machine', () => {
  const log = path.join(folder, 'calls');
  const calls = async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean);

  beforeAll(async () => {
    const docker = path.join(folder, 'docker');
    await writeFile(
      docker,
      `#!/bin/bash\necho "$*" >> ${log}\n[ "$1" = ps ] && printf 'one\\ntwo\\n'\nexit 0\n`,
    );
    await chmod(docker, 0o755);
  });
  beforeEach(() => rm(log, { force: true }));

  it('leaves its containers alone until AWS gives notice, and then stops those of tasks within two minutes', async () => {
    start({ PATH: `${folder}:${process.env['PATH']}` });
    await until(() => metadata.requests.length > 4);
    expect(await calls()).toEqual([]);
    metadata.isNoticed = true;
    await until(async () => (await calls()).length >= 2);
    expect((await calls()).slice(0, 2)).toEqual([`ps --quiet --filter label=${TASK}`, 'stop -t 100 one two']);
  });

  it('hears the notice after its token has expired', async () => {
    start({ PATH: `${folder}:${process.env['PATH']}` });
    await until(() => metadata.requests.length > 4);
    Object.assign(metadata, { isNoticed: true, token: 'a later one' });
    await until(async () => (await calls()).length >= 2);
    expect(metadata.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(2);
  });
});

describe.skipIf(!hasDocker)('a container', () => {
  const IMAGE = 'fovea-spot-test:latest';
  /** A trainer in three lines: it saves its state at SIGTERM, and leaves with the code of a release. */
  const TRAINER = 'trap "echo saved; exit 75" TERM; echo ready; while true; do sleep 0.1; done';

  beforeAll(async () => {
    // A shell, with the libraries that it needs.
    const listed = await Promise.all(['/bin/bash', '/bin/sleep'].map((file) => runCommand('ldd', [file])));
    const libraries = listed.join('\n').match(/\/\S+/g) ?? [];
    const files = ['/bin/bash', '/bin/sleep', ...new Set(libraries)].map((file) => file.slice(1));
    const tar = path.join(folder, 'image.tar');
    await runCommand('tar', ['--dereference', '-cf', tar, '-C', '/', ...files]);
    await runCommand('docker', ['import', tar, IMAGE]);
  });
  afterAll(async () => {
    await runCommand('docker', ['rmi', '--force', IMAGE]);
  });

  async function run(...options: string[]): Promise<string> {
    const args = ['run', '--detach', '--network', 'none', ...options, IMAGE, '/bin/bash', '-c', TRAINER];
    const id = (await runCommand('docker', args)).trim();
    onTestFinished(async () => void (await runCommand('docker', ['rm', '--force', id])));
    await until(async () => (await runCommand('docker', ['logs', id])).includes('ready'));
    return id;
  }
  const stateOf = async (id: string) => {
    const format = '{{.State.Status}} {{.State.ExitCode}}';
    return (await runCommand('docker', ['inspect', '--format', format, id])).trim();
  };

  it('of a trainer hears SIGTERM and leaves in order, and others go on', async () => {
    const trainer = await run('--label', `${TASK}=arn:aws:ecs:eu-west-1:123456789012:task/1`, '--init');
    const agent = await run();
    start();
    await until(() => metadata.requests.length > 2);
    expect(await stateOf(trainer)).toBe('running 0');
    metadata.isNoticed = true;
    await until(async () => (await stateOf(trainer)) === 'exited 75');
    expect(await runCommand('docker', ['logs', trainer])).toContain('saved');
    expect(await stateOf(agent)).toBe('running 0');
  });
});

// `fovea doctor`: checks this machine and the server that commands ask. Each problem comes with the command that mends it.

import { execFile } from 'node:child_process';
import { statfs, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { ApiError } from '../../client/api-error.ts';
import { createClient } from '../../client/create-client.ts';
import { basesAtHand } from '../../core/backbone/bases-at-hand.ts';
import { type Check, passed } from '../../core/check.ts';
import { makeFolder } from '../../core/make-folder.ts';
import { formatBytes } from '../../core/network/plan/format-quantities.ts';
import { nodeProgram } from '../../core/node-program.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { inspectAccount } from '../aws/infra-program.ts';
import { adviceOf, advise } from '../context/advice.ts';
import { LOCAL_CONTEXT } from '../context/find-server.ts';
import type { Session } from '../context/session.ts';
import { describeChecks } from '../terminal/describe-checks.ts';
import { describeError } from '../terminal/describe-error.ts';
import { FailedError } from '../terminal/exit-codes.ts';
import { countOf } from '../terminal/words.ts';

/** The options of `fovea doctor`. */
export interface DoctorOptions {
  readonly data: string;
  readonly weights?: string;
  readonly version: string;
  /** Looks at the AWS account instead, as far as a deployment needs it. */
  readonly aws?: boolean;
  /** With `aws`: settings as after `-c` of the CDK. */
  readonly context?: readonly string[];
}

/** A job writes features, checkpoints and a model; below this a disk is soon full. */
const FEW_BYTES = 2e9;
const TRAINER_DOCTOR = fileURLToPath(new URL('../../batch-job/doctor.ts', import.meta.url));

/**
 * Checks everything, and says what it found.
 * @throws {FailedError} where there is a problem.
 */
export async function runDoctor(session: Session, options: DoctorOptions): Promise<void> {
  const { output } = session;
  const { aws = false, version } = options;
  const { checks, ...rest } = aws
    ? await checkAws(options)
    : { checks: await checkMachine(session, options) };
  const problems = checks.filter(({ state }) => state === 'problem');
  output.answer({
    json: { object: 'doctor', version, checks, ...rest },
    text: () => describeChecks(checks),
    short: () => problems.map(({ name }) => name).join('\n'),
  });
  if (problems.length > 0) throw new FailedError(`${countOf(problems.length, 'problem')} found.`);
}

/** This machine, and the server that commands ask. */
async function checkMachine(session: Session, options: DoctorOptions): Promise<readonly Check[]> {
  const local = await Promise.all([
    checkNode(),
    checkDisk(options),
    checkPort(),
    checkWeights(options),
    checkBackend(session.output.isJson),
  ]);
  return [...local, ...(await checkServer(session, options))];
}

/** What a deployment would meet. */
async function checkAws({ context = [] }: DoctorOptions) {
  const report = await inspectAccount(context);
  return { ...report, checks: [await checkNode(), ...report.checks] };
}

/** The command does not start on other versions. */
const checkNode = async (): Promise<Check> =>
  passed('Node', `${process.versions.node}, ${process.platform}-${process.arch}`);

async function checkDisk({ data }: DoctorOptions): Promise<Check> {
  const folder = path.resolve(data);
  const probe = path.join(folder, `.doctor-${process.pid}`);
  try {
    await makeFolder(folder);
    await writeFile(probe, '');
    await unlink(probe);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const found = `${formatBytes(free)} free in ${folder}`;
    return free < FEW_BYTES
      ? {
          name: 'disk',
          state: 'problem',
          found,
          mend: `Make room, or keep the data elsewhere: ${shownCommand('start', '--data', 'FOLDER')}`,
        }
      : passed('disk', found);
  } catch (error) {
    return {
      name: 'disk',
      state: 'problem',
      found: `${folder} cannot be written: ${describeError(error)}`,
      mend: `Use a folder of yours: ${shownCommand('start', '--data', 'FOLDER')}`,
    };
  }
}

/** The port of a server on this machine. */
async function checkPort(): Promise<Check> {
  const { url } = LOCAL_CONTEXT;
  const port = Number(new URL(url).port);
  const isFree = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
  if (isFree) return passed('port', `${port} is free`);
  const health = await createClient({ url, retries: 0 })
    .health()
    .catch(() => undefined);
  return health === undefined
    ? {
        name: 'port',
        state: 'note',
        found: `Another program has port ${port}`,
        mend: `Take another: ${shownCommand('start', '--port', String(port + 1))}`,
      }
    : passed('port', `A server of Fovea ${health.version} has port ${port}`);
}

async function checkWeights({ data, weights }: DoctorOptions): Promise<Check> {
  const store = await openObjectStore(pathToFileURL(path.resolve(data)).href);
  const found = await basesAtHand({ store, weightsDir: weights });
  return found.length > 0
    ? passed('weights', found.join(', '))
    : {
        name: 'weights',
        state: 'note',
        found: 'No pretrained weights are here: jobs download them, and small_cnn needs none',
        mend: `${shownCommand('weights', 'pull', 'mobilenet_v2_0.35')}; or put files into a folder: ${shownCommand('start', '--weights', 'FOLDER')}`,
      };
}

/** Asks the trainer, which alone knows its back ends: for people all that it says, for programs which one is the best. */
async function checkBackend(isJson: boolean): Promise<Check> {
  const args = [...nodeProgram(TRAINER_DOCTOR), ...(isJson ? ['--json'] : [])];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args);
    // Its first line is about Node.
    const found = isJson
      ? (JSON.parse(stdout) as { best: string }).best
      : stdout.trim().split('\n').slice(1).join('\n');
    return passed('back end', found);
  } catch (error) {
    return {
      name: 'back end',
      state: 'problem',
      found: `No back end works: ${describeError(error).split('\n')[0]}`,
      mend: 'Install the packages again: npm ci',
    };
  }
}

/** Whether the server answers, and takes the key. */
async function checkServer({ client, server }: Session, { version }: DoctorOptions): Promise<Check[]> {
  const where = `${server.url} (${server.urlFrom})`;
  let found: Check;
  try {
    const health = await client.health();
    found =
      health.version === version
        ? passed('server', `${where} answers`)
        : {
            name: 'server',
            state: 'note',
            found: `${where} has version ${health.version}, and this command ${version}`,
            mend: 'Update the older one',
          };
  } catch (error) {
    advise(error, server);
    // Who has not started a server yet has no problem.
    const state = server.url === LOCAL_CONTEXT.url ? 'note' : 'problem';
    return [{ name: 'server', state, found: describeError(error), mend: adviceOf(error) ?? null }];
  }
  try {
    for await (const _ of client.models.list({ pageSize: 1 })) break;
    return [
      found,
      passed('key', server.keyFrom === undefined ? 'none is needed' : `from ${server.keyFrom}, is accepted`),
    ];
  } catch (error) {
    advise(error, server);
    // A key for something else is none the less valid.
    if (error instanceof ApiError && error.status === 403)
      return [found, passed('key', `from ${server.keyFrom}, may not list models`)];
    return [
      found,
      { name: 'key', state: 'problem', found: describeError(error), mend: adviceOf(error) ?? null },
    ];
  }
}
